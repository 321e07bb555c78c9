"""A member's own pictures: pages, posts, deletion, and how long they are kept."""

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api import DiscordError
from bot.plugin_api.testing import MEMBER, STAFF, Said
from tests.plugins.image_generation.conftest import Studio


async def three(studio: Studio) -> None:
    for prompt in ("one cat", "two cats", "three cats"):
        await studio.draw(prompt)
        await studio.trial.later(0.01)


def shown(said: Said) -> tuple[str, str]:
    assert said.content.card is not None
    return said.content.card.text, said.content.card.footer[:3]


async def test_the_gallery_is_turned_page_by_page(studio: Studio) -> None:
    await three(studio)
    page = (await studio.trial.command("get-image")).said[0]
    assert page.private
    assert shown(page) == ("three cats", "1/3")
    assert "◀ Newer" not in [each.label for each in page.content.buttons]
    await studio.trial.press(page, "Older ▶")
    assert shown(page) == ("two cats", "2/3")
    await studio.trial.press(page, "Older ▶")
    assert shown(page) == ("one cat", "3/3")
    assert page.content.files[0].data == studio.pictures.picture
    await studio.trial.press(page, "◀ Newer")
    assert shown(page) == ("two cats", "2/3")
    assert shown((await studio.trial.command("get-image", number=3)).said[0]) == ("one cat", "3/3")
    with pytest.raises(UserFacingError, match="You have 3 pictures"):
        await studio.trial.command("get-image", number=4)


async def test_nobody_sees_anothers_pictures(studio: Studio) -> None:
    said = await studio.draw()
    with pytest.raises(UserFacingError, match="no pictures here"):
        await studio.trial.command("get-image", by=MEMBER + 1)
    for label in ("Post here", "Delete"):
        with pytest.raises(UserFacingError, match="is gone"):
            await studio.trial.press(said, label, by=MEMBER + 1)


async def posted(studio: Studio) -> tuple[Said, Said]:
    said = await studio.draw()
    return said, (await studio.trial.press(said, "Post here")).said[0]


async def test_a_post_is_for_all_and_its_member_deletes_it(studio: Studio) -> None:
    _, post = await posted(studio)
    assert not post.private
    assert post.text == "Ada had this drawn:"
    with pytest.raises(UserFacingError, match="Only whoever had it drawn"):
        await studio.trial.press(post, "Delete", by=MEMBER + 1)
    await studio.trial.press(post, "Delete")
    assert post.deleted
    with pytest.raises(UserFacingError, match="no pictures here"):
        await studio.trial.command("get-image")


async def test_staff_take_a_post_away_and_its_member_keeps_the_picture(studio: Studio) -> None:
    _, post = await posted(studio)
    await studio.trial.press(post, "Delete", by=STAFF)
    assert post.deleted
    assert (await studio.trial.command("get-image")).said[0].content.files


async def test_deleting_a_picture_takes_it_from_where_it_was_posted(studio: Studio) -> None:
    said, post = await posted(studio)
    await studio.trial.press(said, "Delete")
    assert said.text == "The picture is deleted."
    assert post.deleted


async def test_erasing_a_member_takes_pictures_prompts_and_posts(studio: Studio) -> None:
    _, post = await posted(studio)
    others = await studio.draw("a dog", by=MEMBER + 1)
    name = others.content.files[0].name
    await studio.trial.erase(MEMBER)
    assert post.deleted
    assert "red sofa" not in str(await studio.trial.kept())
    files = studio.trial.service.registry.files
    assert [each.name for each in files._folder.rglob("*") if each.is_file()] == [name]


async def test_a_post_that_can_not_be_deleted_now_is_deleted_later(studio: Studio) -> None:
    _, post = await posted(studio)
    studio.trial.desk.failing.append(DiscordError("out of reach"))
    await studio.trial.erase(MEMBER)
    assert not post.deleted
    await studio.trial.later(601)
    assert post.deleted


async def test_old_pictures_go_and_posts_stay_their_members(studio: Studio) -> None:
    _, post = await posted(studio)
    await studio.draw("another cat")
    await studio.trial.later(31 * 86_400)
    with pytest.raises(UserFacingError, match="no pictures here"):
        await studio.trial.command("get-image")
    files = studio.trial.service.registry.files
    assert not [each for each in files._folder.rglob("*") if each.is_file()]
    assert "cat" not in str(await studio.trial.kept())
    assert not post.deleted
    await studio.trial.erase(MEMBER)
    assert post.deleted


async def test_fifty_pictures_are_kept(studio: Studio) -> None:
    await studio.trial.set("daily_usd", "1000")
    for _ in range(11):
        for _ in range(5):
            await studio.draw()
        await studio.trial.later(3_601)
        studio.trial.clock.forward(86_400)
    listed = await studio.trial.command("get-image")
    card = listed.said[0].content.card
    assert card is not None
    assert card.footer.startswith("1/50 ")
