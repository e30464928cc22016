"""The booking request: availability, states, contact, dialogue and calendar files. Pure."""
