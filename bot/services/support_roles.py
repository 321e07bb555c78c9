"""Which role of a server is its support staff, at hand for every check."""


class SupportRoles:
    """The staff role of each server; whoever keeps the tickets' settings tells of it."""

    def __init__(self) -> None:
        self._roles: dict[int, int] = {}

    def staff_role_id(self, guild_id: int) -> int | None:
        """Return the role, None while the server has chosen none."""
        return self._roles.get(guild_id)

    def choose(self, guild_id: int, role_id: int | None) -> None:
        """Note the server's choice."""
        if role_id is None:
            self._roles.pop(guild_id, None)
        else:
            self._roles[guild_id] = role_id
