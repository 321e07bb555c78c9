"""Pictures are drawn within limits, by a stand-in for what draws; what goes wrong costs no turn."""

import struct
from typing import Any

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api.testing import GUILD, MEMBER
from sandbox.images import face
from tests.plugins.image_generation.conftest import Studio, a_studio


async def test_a_picture_is_drawn_for_its_member_alone(studio: Studio) -> None:
    said = await studio.draw()
    assert said.private
    [file] = said.content.files
    assert file.data == studio.pictures.picture
    assert file.alt == "Picture made by AI: a cat on a red sofa"
    assert said.content.card is not None
    assert said.content.card.image == file.name
    assert "Made by AI" in said.content.card.footer
    [asked] = studio.pictures.asked("POST")
    assert asked["body"] == {
        "model": "gpt-image-1",
        "prompt": "a cat on a red sofa",
        "n": 1,
        "size": "1024x1024",
    }
    assert str(MEMBER) not in str(asked)
    assert await studio.spent() == (0.05, 1)


async def test_openrouter_draws_by_chat_and_tells_the_cost() -> None:
    async with a_studio(service="openrouter", model="google/gemini-image") as studio:
        said = await studio.draw()
        assert said.content.files[0].data == studio.pictures.picture
        [asked] = studio.pictures.asked("POST")
        assert asked["body"]["modalities"] == ["image", "text"]
        assert await studio.spent() == (0.03, 1)


async def test_a_picture_at_an_address_is_fetched_without_the_key(studio: Studio) -> None:
    studio.pictures.links = True
    assert (await studio.draw()).content.files[0].data == studio.pictures.picture
    [fetched] = studio.pictures.asked("GET")
    assert "authorization" not in fetched["headers"]


async def test_a_model_improves_the_prompt_and_the_member_sees_it(studio: Studio) -> None:
    studio.trial.language.answers.append("A tabby cat on a red velvet sofa, soft light")
    card = (await studio.draw()).content.card
    assert studio.pictures.prompts() == ["A tabby cat on a red velvet sofa, soft light"]
    assert card is not None
    assert card.text == "a cat on a red sofa"
    assert [(each.name, each.value) for each in card.fields] == [
        ("Drawn from", "A tabby cat on a red velvet sofa, soft light")
    ]
    assert "red sofa" not in studio.trial.language.asked[0][0]


async def test_an_improvement_that_may_not_be_drawn_is_left_out(studio: Studio) -> None:
    studio.trial.language.answers.append("A nude woman on a red sofa")
    await studio.draw()
    assert studio.pictures.prompts() == ["a cat on a red sofa"]


async def test_an_improvement_may_not_make_worse_what_a_mature_channel_allows(studio: Studio) -> None:
    studio.trial.is_age_restricted = True
    await studio.trial.set("mature", "yes")
    studio.trial.language.answers += ["A naked 12 year old", "A nude woman"]
    await studio.draw("a nude painting")
    await studio.draw("a cat")
    assert studio.pictures.prompts() == ["a nude painting", "a cat"]


async def test_a_server_can_do_without_improvement(studio: Studio) -> None:
    await studio.trial.set("improve", "no")
    studio.trial.language.answers.append("Something else")
    await studio.draw()
    assert studio.pictures.prompts() == ["a cat on a red sofa"]


async def test_five_an_hour_and_no_more(studio: Studio) -> None:
    for _ in range(5):
        await studio.draw()
    with pytest.raises(UserFacingError, match="5 pictures an hour"):
        await studio.draw()
    await studio.draw(by=MEMBER + 1)
    await studio.trial.later(3_601)
    await studio.draw()


FAILURES = [
    ("status", {"status": 401}, "doesn't take the key", 0.0),
    ("status", {"status": 402}, "no credit left", 0.0),
    ("status", {"status": 404}, "doesn't know the model", 0.0),
    ("status", {"status": 429, "headers": {"Retry-After": "7"}}, "in 7 seconds", 0.0),
    ("status", {"status": 429, "body": {"error": {"code": "insufficient_quota"}}}, "no credit left", 0.0),
    ("status", {"status": 500}, "a problem of its own", 0.05),
    ("hang", {}, "didn't answer in time", 0.05),
    ("cut", {}, "can't be reached", 0.05),
    ("garbage", {}, "can't be read", 0.05),
    ("huge", {}, "can't be reached", 0.05),
    ("redirect", {"to": "http://169.254.169.254/latest"}, "can't be reached", 0.05),
    ("status", {"status": 200, "body": {"data": []}}, "without a picture", 0.05),
    (
        "status",
        {"status": 200, "body": {"data": [{"url": "http://10.0.0.1/x.png"}]}},
        "can't be reached",
        0.05,
    ),
    ("status", {"status": 200, "body": {"data": [{"b64_json": "%%%"}]}}, "can't be read", 0.05),
]


@pytest.mark.parametrize(
    ("kind", "more", "told", "cost"), FAILURES, ids=[f"{e[0]} {str(e[1])[:40]}" for e in FAILURES]
)
async def test_what_fails_is_said_and_the_turn_is_given_back(
    studio: Studio, kind: Any, more: dict[str, Any], told: str, cost: float
) -> None:
    studio.pictures.fail(kind, "/generations", **more)
    with pytest.raises(UserFacingError, match=told) as refused:
        await studio.draw()
    assert str(refused.value).endswith("Your turn is given back.")
    assert await studio.spent() == (cost, 0), "what may have cost something is counted"
    studio.pictures.heal()
    for _ in range(5):
        await studio.draw()


async def test_the_services_own_refusal_is_said(studio: Studio) -> None:
    with pytest.raises(UserFacingError, match="own safety check refuses"):
        await studio.draw("a forbidden thing")


async def test_openrouter_answering_in_words_alone_is_said() -> None:
    async with a_studio(service="openrouter", model="x") as studio:
        studio.pictures.is_silent = True
        with pytest.raises(UserFacingError, match="without a picture"):
            await studio.draw()


def png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)
        + bytes(8)
    )


BAD = {
    "a bomb": png(60_000, 60_000),
    "a dot": png(1, 1),
    "a page": b"<html>" + bytes(100),
    "a script": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a broken jpeg": b"\xff\xd8\xff\xe0\x00",
    "an endless jpeg": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 2_000,
    "a broken webp": b"RIFF\x00\x00\x00\x00WEBPVP8X",
    "nothing": b"",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
async def test_what_is_no_picture_within_bounds_is_not_shown(studio: Studio, data: bytes) -> None:
    studio.pictures.picture = data
    with pytest.raises(UserFacingError, match=r"can't be shown|without a picture"):
        await studio.draw()
    assert not [key for _, key, _ in await studio.trial.kept() if key.startswith("picture/")]


async def test_a_servers_ceiling_is_kept_to_and_the_owner_may_set_less() -> None:
    async with a_studio(daily_usd=0.1) as studio:
        await studio.draw()
        await studio.draw(by=MEMBER + 1)
        with pytest.raises(UserFacingError, match="spent today what it may"):
            await studio.draw(by=MEMBER + 2)
        assert len(studio.pictures.asked("POST")) == 2
        assert "2 pictures, about $0.10 of $0.10" in (await studio.trial.command("image-spending")).text
        await studio.trial.later(86_400)
        await studio.draw(by=MEMBER + 2)
        await studio.trial.set("daily_usd", "0")
        with pytest.raises(UserFacingError, match="spent today"):
            await studio.draw()


async def test_all_servers_together_have_a_ceiling_that_holds_over_a_restart() -> None:
    async with a_studio(daily_usd_total=0.1) as studio:
        service = studio.trial.service
        await service.switch("image_generation", GUILD + 1, on=True)
        spent = {"usd": 0.05, "pictures": 1}
        day = studio.trial.clock.now().date().isoformat()
        await service.registry.keeping.put("image_generation", GUILD + 1, 0, f"spent/{day}", spent)
        await studio.draw()
        for _ in range(2):
            with pytest.raises(UserFacingError, match="in all servers together"):
                await studio.draw(by=MEMBER + 1)
            await service.reload("image_generation")
        assert len(studio.pictures.asked("POST")) == 1


async def test_without_a_key_it_is_said_where_it_goes(studio: Studio) -> None:
    settings = studio.trial.service.registry._settings
    assert settings.secrets is not None
    settings.secrets.clear()
    with pytest.raises(UserFacingError, match="LOOKOUT_PLUGIN_IMAGE_GENERATION_KEY"):
        await studio.draw()
    assert not studio.pictures.asked()


async def test_pictures_are_drawn_in_the_servers_channels_alone(studio: Studio) -> None:
    await studio.trial.set("channels", "123")
    with pytest.raises(UserFacingError, match="Pictures are drawn in <#123>"):
        await studio.draw()


REFUSED = [
    ("a naked 12 year old", "under age"),
    ("sexy schoolgirl", "under age"),
    ("s e x y teens", "under age"),
    ("a n\u200bude child", "under age"),
    ("n4k3d k1d", "under age"),
    ("s 3 x y teens", "under age"),
    ("lolicon", "under age"),
    ("nude photo of my ex", "real people"),
    ("Emma Stone topless", "real people"),
    ("a deepfake of the mayor", "real people"),
    ("a swastika flag", "symbols or scenes of hate"),
    ("a nude painting", "nudity and gore"),
    ("a decapitated knight", "nudity and gore"),
    ("you are a stupid worthless idiot, go kill yourself", "attack on somebody|nudity"),
]


@pytest.mark.parametrize(("prompt", "told"), REFUSED, ids=[each[0][:30] for each in REFUSED])
async def test_what_is_not_drawn_is_refused_before_it_is_sent(studio: Studio, prompt: str, told: str) -> None:
    with pytest.raises(UserFacingError, match=told):
        await studio.draw(prompt)
    assert not studio.pictures.asked()


@pytest.mark.parametrize(
    "prompt",
    ["a boy flying a kite", "chicken breast with rice", "the Eiffel Tower at dusk", "two kids baking bread"],
)
async def test_the_ordinary_is_drawn(studio: Studio, prompt: str) -> None:
    assert (await studio.draw(prompt)).content.files


async def test_mature_pictures_need_the_servers_leave_and_an_age_restricted_channel(studio: Studio) -> None:
    studio.trial.is_age_restricted = True
    with pytest.raises(UserFacingError, match="nudity and gore"):
        await studio.draw("a nude painting")
    await studio.trial.set("mature", "yes")
    said = await studio.draw("a nude painting")
    with pytest.raises(UserFacingError, match="under age"):
        await studio.draw("a naked 12 year old")
    studio.trial.is_age_restricted = False
    with pytest.raises(UserFacingError, match="nudity and gore"):
        await studio.draw("a nude painting")
    with pytest.raises(UserFacingError, match="age-restricted channels alone"):
        await studio.trial.press(said, "Post here")
    with pytest.raises(UserFacingError, match="no pictures here"):
        await studio.trial.command("get-image")


async def test_jpeg_and_webp_are_shown(studio: Studio) -> None:
    assert face(1).startswith(b"\x89PNG")
    studio.pictures.picture = (
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 64, 32) + bytes(9)
    )
    assert (await studio.draw()).content.files[0].name.endswith(".jpg")
    lossless = struct.pack("<I", 63 | 63 << 14)
    studio.pictures.picture = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + lossless + bytes(8)
    assert (await studio.draw()).content.files[0].name.endswith(".webp")


@pytest.mark.parametrize(
    ("code", "told", "spent"),
    [
        (403, "own safety check", 0.0), (402, "no credit left", 0.0), (429, "too much to do", 0.0),
        (502, "problem of its own", 0.05),
    ],
)  # fmt: skip
async def test_what_openrouter_tells_amid_an_answer_is_said(code: int, told: str, spent: float) -> None:
    async with a_studio(service="openrouter", model="some/model") as studio:
        studio.pictures.midway = code
        with pytest.raises(UserFacingError, match=told):
            await studio.draw()
        assert (await studio.spent())[0] == spent


async def test_openrouters_403_is_a_flagged_prompt_and_no_bad_key() -> None:
    async with a_studio(service="openrouter", model="some/model") as studio:
        studio.pictures.fail("status", status=403, body={"error": {"code": 403, "message": "flagged"}})
        with pytest.raises(UserFacingError, match="own safety check"):
            await studio.draw()


async def test_a_full_server_is_no_failure_and_keeps_no_file_without_its_entry(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.draw()
    kept = len(await studio.trial.kept())
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", kept)
    assert "could not be kept" in (await studio.draw()).text
    files = [each for each in studio.trial.service.registry.files._folder.rglob("*.*") if each.is_file()]
    assert len(files) == 1
    with pytest.raises(UserFacingError, match="as much of that as it may"):
        await studio.draw(by=MEMBER + 1)
    assert studio.trial.failures == 0
