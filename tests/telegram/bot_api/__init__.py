"""A Bot API server of our own: real HTTP on loopback, for python-telegram-bot as it is published.

It follows Telegram's documentation of Bot API 10.0 (core.telegram.org/bots/api), the version python-telegram-bot 22
speaks, and the wording of refusals that Telegram's own server gives. Where Telegram is lenient this server is strict:
a method, parameter or field it does not know is refused, so that nothing passes here that Telegram would refuse.

- `fields`: which methods there are, what each parameter may be, and how a request is read;
- `formatting`: HTML parse mode, with Telegram's refusals;
- `keyboards`: reply markup and its limits;
- `world`: people, chats, messages, and the queue of updates;
- `methods`: what each method does and when it refuses;
- `limits`: flood control;
- `webhook`: delivery to a webhook, with Telegram's order and retries;
- `server`: HTTP, and faults of the network on demand;
- `phone`: a person with a phone; what the phone shows.
"""
