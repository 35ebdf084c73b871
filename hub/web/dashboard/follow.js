// What the inspector follows: one channel, by a filter, from some place on; told as entries of a log.

import { many } from "./format.js";

/** Follow a channel; returns the subscription. tell(entry) is called with each event, gap, lag and state. */
export function follow(hub, channel, { where, since, history }, tell) {
  const asked = { onGap: "skip", ...(where ? { where } : {}), ...(since ? { since } : { history }) };
  const subscription = hub.subscribe(channel, asked);
  subscription.addEventListener("event", ({ detail }) => tell({ event: detail }));
  subscription.addEventListener("gap", ({ detail }) => tell(gap(detail)));
  subscription.addEventListener("lag", ({ detail: { behind, mode } }) =>
    tell({ note: behind ? `${many(behind, "event")} behind (${mode}): this page reads slower than they come` : "caught up", look: behind ? "warn" : "good", word: "lag" }));
  subscription.addEventListener("state", ({ detail }) => tell(state(detail, subscription)));
  return subscription;
}

/** What is gone for good, between two offsets. */
export function gap({ fromOffset, toOffset, reason }) {
  const missing = toOffset - fromOffset;
  const words = reason === "epoch_changed" ? "the log is another one: offsets begin anew" : `${fromOffset + 1} to ${toOffset}: ${many(missing, "event")} will not come (${reason})`;
  return { note: words, look: "bad", word: "gap" };
}

function state({ state: word, reason, code, retryInMs, message }, { position }) {
  const why = [reason, code].filter(Boolean).join(" ");
  if (word === "subscribed") return { note: `following${position ? ` from ${position} on` : ""}`, look: "good", word };
  if (word === "subscribing") return { note: `not following: ${why || "asks the hub"}${retryInMs ? `, again in ${Math.ceil(retryInMs / 1000)} s` : ""}`, look: "warn", word };
  return { note: message || why || "no longer followed", look: reason === "closed" ? "quiet" : "bad", word };
}
