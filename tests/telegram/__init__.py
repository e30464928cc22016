"""The Telegram channel, proved against a Bot API server of our own that refuses what Telegram refuses."""
