// A forum's posts: which are shown, and in which order. No DOM in here.
import { activity, compareIds } from "./channels.js";

/** Open posts that bear all the tags, last active first, then archived ones. */
export function shownPosts(posts, tags) {
  const fits = posts.filter(({ thread }) => tags.every((tag) => thread.applied_tags.includes(tag)));
  const rank = ({ thread }) => Number(thread.thread_metadata.archived);
  return fits.sort((a, b) => rank(a) - rank(b) || compareIds(activity(b.thread), activity(a.thread)));
}

/** Something that differs whenever a forum's list does: it is asked for anew then. */
export function forumState(guild, forumId) {
  const threads = guild.channels.filter((channel) => channel.parent_id === forumId);
  return threads
    .map((thread) =>
      [
        thread.id,
        thread.name,
        thread.last_message_id,
        thread.thread_metadata.archived,
        thread.applied_tags,
      ].join(),
    )
    .sort()
    .join(" ");
}
