"""A process for the tests: it says what it is told, hangs or dies."""

import os
import sys
import threading

from bot.child import answer_questions


def answer(question: bytes) -> bytes:
    """What was asked; two words and one are orders."""
    match question:
        case b"hang":
            threading.Event().wait()
        case b"die":
            os._exit(1)
        case b"environment":
            return repr(dict(os.environ)).encode()
    return question


if __name__ == "__main__":
    answer_questions(sys.argv[1:], answer)
