"""`samrun completion`: prints a script that completes samrun's words in a shell."""

import argparse

import shtab

from samrun.cli.parser import command_parser

DESCRIPTION = (
    "Prints a script for your shell, which completes commands, options and files. It is of this version of samrun: "
    "make it again after an update."
)
EXAMPLES = (
    "samrun completion bash > ~/.local/share/bash-completion/completions/samrun",
    "samrun completion zsh > ~/.zfunc/_samrun           # a folder of your fpath, before compinit",
    "samrun completion fish > ~/.config/fish/completions/samrun.fish",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    print(shtab.complete(command_parser(), options.shell))
    return 0
