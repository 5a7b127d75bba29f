"""How much one Terraform command may use, and the program that holds it to that."""

from dataclasses import dataclass, replace

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
CPU_GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one command; CPU, memory, files and file size count for each process.

    Memory is private writable memory (RLIMIT_DATA): Go reserves far more address space than it
    uses, so a limit on that would stop nothing or everything. The AWS provider needs 1 GiB.
    `processes` counts threads too, and does not bind root. The sandbox as a whole is held to
    `most_processes`, to `together_bytes` of memory, and to what it adds to the folders it may write
    in: `written_bytes` and `written_files`. `interrupt_seconds` is how long
    Terraform may finish what is under way after SIGINT, `terminate_seconds` after SIGTERM.
    `kept_bytes` of each output are remembered; past `output_bytes` the command is stopped.
    """

    wall_seconds: float = 1800.0
    cpu_seconds: int = 1800
    memory_bytes: int = 4 * GIBIBYTE
    open_files: int = 4096
    processes: int = 2048
    file_bytes: int = 2 * GIBIBYTE
    temporary_bytes: int = GIBIBYTE
    most_processes: int = 512
    together_bytes: int = 8 * GIBIBYTE
    written_bytes: int = 8 * GIBIBYTE
    written_files: int = 100_000
    interrupt_seconds: float = 120.0
    terminate_seconds: float = 10.0
    kept_bytes: int = MEBIBYTE
    output_bytes: int = 256 * MEBIBYTE

    def keeping(self, size: int) -> "Limits":
        """Give the same limits, with outputs kept whole up to `size` bytes."""
        return replace(self, kept_bytes=2 * size, output_bytes=size)


def limited(argv: tuple[str, ...], limits: Limits, *, prlimit: str) -> tuple[str, ...]:
    """Put the `prlimit` program before a command; children inherit what it sets."""
    return (
        prlimit,
        # Told at the first, killed at the second.
        f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + CPU_GRACE_SECONDS}",
        f"--data={limits.memory_bytes}",
        f"--nofile={limits.open_files}",
        f"--nproc={limits.processes}",
        f"--fsize={limits.file_bytes}",
        "--core=0",
        *argv,
    )
