"""The key that signs the tokens of assignments: one for the mesh, made when it is first asked for."""

import secrets

from mistral_persistence.database import Pool

_MADE = "INSERT INTO worker_key (key) VALUES ($1) ON CONFLICT DO NOTHING"


async def token_key(pool: Pool) -> bytes:
    """Return the key: 32 bytes, the same for whoever asks."""
    key = await pool.fetchval("SELECT key FROM worker_key")
    if key is None:
        await pool.execute(_MADE, secrets.token_bytes(32))
        key = await pool.fetchval("SELECT key FROM worker_key")
    return bytes(key)
