// In a room of its own.
