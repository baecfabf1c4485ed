"""Table of the commands: their names, their summaries, and the modules that run them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """A command. Its module is imported once the command is named, so that no command waits for the others."""

    name: str
    summary: str

    @property
    def module(self) -> str:
        """The full name of the module that has the command's options and runs it."""
        return f"samrun.cli.commands.{self.name.replace('-', '_')}"


GROUPS: Mapping[str, Sequence[Command]] = {
    "Run a stack": (
        Command("up", "run everything until Ctrl-C"),
        Command("services", "run all but functions, gateway and triggers, for `sam local`"),
        Command("fetch", "fetch the Java programs that up starts"),
        Command("doctor", "say what keeps this machine from running a stack, and what to do"),
    ),
    "Use its Kafka, or any other": (
        Command("produce", "send records to a topic"),
        Command("tail", "print the records of a topic as they come"),
        Command("topics", "list topics with their groups' lag; create, grow or delete one"),
    ),
    "Use its functions": (
        Command("mappings", "list the event source mappings; pause, resume or reset one; run some alone"),
        Command("invoke", "invoke a function and print its response"),
        Command("logs", "print what the functions logged"),
        Command("token", "print a token for the API"),
        Command("generate-event", "print the event of a Kafka trigger, for `sam local invoke`"),
    ),
    "Write a service": (Command("new", "write a consumer or a producer of a topic, with template and tests"),),
    "Use this command": (Command("completion", "print a script that completes samrun's words in your shell"),),
}
COMMANDS: Mapping[str, Command] = {each.name: each for group in GROUPS.values() for each in group}
