// All views, by the first word of their address, in the order of the navigation.

import "./overview.js";

/** counted: what the store has that a person should look at; said beside the name. */
export const VIEWS = {
  overview: {
    title: "Overview",
    element: "hub-overview",
    icon: "M4 4h7v7H4zM13 4h7v4h-7zM13 11h7v9h-7zM4 14h7v6H4z",
  },
};
