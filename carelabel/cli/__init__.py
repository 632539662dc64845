"""The command line: `app` is the program, `lazy` loads a command when it is called, one file per group of commands."""
