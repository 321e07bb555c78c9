"""A client whose socket was lost before READY knows no session, and may try to resume all the same."""

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Socket


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-opcodes", "protocol gateway.4")
async def test_a_resume_without_a_session_is_told_to_identify(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.send(6, {"token": room.token, "session_id": None, "seq": None})
        assert await socket.until_op(9) is False
