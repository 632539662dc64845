"""One worker process as the parent sees it: spawned, asked, frozen and ended; and the machine's measuring lock."""
