"""The queue: mail for other servers is kept until they have it, or until it has to be given up (RFC 5321 §4.5.4.1)."""

from reference_server.queue.mail_queue import MailQueue, QueueParts

__all__ = ["MailQueue", "QueueParts"]
