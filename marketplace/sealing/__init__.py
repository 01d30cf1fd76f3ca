"""Keys and envelopes: who can open what, and when.

Bulk content is sealed once under its own data key; the key is sealed to each person who may open it, or shared among
the seats so that only enough of them together can. Contexts are opaque bytes here: what they bind (chain, market,
bounty, round, sender, purpose) is `marketplace.domain.scope`'s business.

    envelope    content under a data key
    identity    a person's encryption key pair, and what is sealed to it
    recipients  one key sealed to many people
    datakeys    data keys: made, hashed, derived from
    sharing     a data key split among seats
    keyfile     an identity on disk, under a password

Python cannot wipe memory: a key lives in the process until it ends. No key is ever part of a message, a repr or a
traceback.
"""
