"""Computing on updates that nobody in the room can read: replicated secret sharing between three parties."""
