"""Which roles of a server are its support staff and its admins, at hand for every check."""


class SupportRoles:
    """The staff and admin role of each server; whoever keeps the settings tells of them."""

    def __init__(self) -> None:
        self._roles: dict[int, int] = {}
        self._admins: dict[int, int] = {}

    def admin_role_id(self, guild_id: int) -> int | None:
        """Return the role that counts as Manage Server, None while the server has chosen none."""
        return self._admins.get(guild_id)

    def choose_admin(self, guild_id: int, role_id: int | None) -> None:
        """Note the server's choice."""
        if role_id is None:
            self._admins.pop(guild_id, None)
        else:
            self._admins[guild_id] = role_id

    def staff_role_id(self, guild_id: int) -> int | None:
        """Return the role, None while the server has chosen none."""
        return self._roles.get(guild_id)

    def choose(self, guild_id: int, role_id: int | None) -> None:
        """Note the server's choice."""
        if role_id is None:
            self._roles.pop(guild_id, None)
        else:
            self._roles[guild_id] = role_id
