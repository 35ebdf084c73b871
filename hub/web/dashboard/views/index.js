// All views, by the first word of their address, in the order of the navigation.

import "./contracts.js";
import "./inspector.js";
import "./jobs.js";
import "./overview.js";

/** counted: what the store has that a person should look at; said beside the name. */
export const VIEWS = {
  overview: {
    title: "Overview",
    element: "hub-overview",
    icon: "M4 4h7v7H4zM13 4h7v4h-7zM13 11h7v9h-7zM4 14h7v6H4z",
  },
  contracts: {
    title: "Contracts",
    element: "hub-contracts",
    icon: "M12 21s-7-6.2-7-11.5a7 7 0 0 1 14 0C19 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  },
  jobs: {
    title: "Jobs",
    element: "hub-jobs",
    icon: "M4 6h4v4H4zM4 14h4v4H4zM12 8h8M12 16h8",
    counted: {
      of: ({ jobs }) => [...jobs.values()].filter(({ status }) => status === "NEEDS_INPUT").length,
      look: "warn",
      words: "wait for an answer",
    },
  },
  inspect: {
    title: "Inspector",
    element: "hub-inspector",
    icon: "M3 12h4l3-8 4 16 3-8h4",
  },
};
