"""Supervision of a stack: its parts are started, watched while they run, and ended in the opposite order.

- `supervisor` takes each part as it starts: processes, tasks, threads, servers and clean-up calls.
- `process` is a child process with its log file, and `server` is an HTTP server in our own event loop.
- `browser_guard` refuses the requests that pages of other sites send to the ports, and `bounded_body` reads the bodies
  of others.
- `ports` and `docker` find the addresses on which the parts listen, and `port_holder` who has a port that is taken.
- `data_folder` lets one stack at a time use a data folder, and none an earlier samrun than that of the data.
- `files` writes files that several processes read, and knows the cache of the user.
- `function_log` keeps what the functions log, in files of a limited size.
- `terminal` prints what happens, and each `access` to the HTTP API; `progress` shows work that takes
  seconds, and `download_progress` how much of a download arrived.
- `quick_imports` lets a process of the stack import its modules without the garbage collector.

Errors: `ProcessDiedError`, `PortTakenError` and those of `data_folder` are UserErrors and reach the terminal.
"""
