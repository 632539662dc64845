"""What every other room may use: files, JSON, YAML, Linux calls, the host, CARELABEL_HOME."""
