"""A web process for the tests. Arguments: database URL, port, secret."""

import sys

from bot.database import Database
from bot.deliveries import Inbox
from bot.intake import Intake, storing
from bot.queue import Queue, QueueName
from bot.web import serve, web_app


def main() -> None:
    """Serve until ended."""
    url, port, secret = sys.argv[1:]
    database, events = Database(url), Queue(QueueName.EVENTS, database_url=url)
    intake = Intake(storing(Inbox(database), events))
    dependencies = {"database": database.ping, "queue": events.ping}
    app = web_app(
        secret=secret.encode(), put=intake.put, dependencies=dependencies, close=intake.close
    )
    serve(app, host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    main()
