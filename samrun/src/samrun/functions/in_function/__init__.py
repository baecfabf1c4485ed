"""Modules for the processes of functions: the folder is the last one on their path, and has nothing else in it.

Such a process has the packages of its function, and perhaps another Python, but not samrun: so `samrun_debug` imports
only Python's own modules, and debugpy from the folder that it is told. It goes under debugpy, or says what to do about
`breakpoint()`.
"""
