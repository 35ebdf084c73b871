// All views, by the first word of their address, in the order of the navigation.

import "./alerts.js";
import "./connections.js";
import "./contracts.js";
import "./inspector.js";
import "./jobs.js";
import "./overview.js";
import "./throughput.js";
import "./webhooks.js";

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
  webhooks: {
    title: "Webhooks",
    element: "hub-webhooks",
    icon: "M10 13a4 4 0 1 1 3-6.6l3 5.1M13 12h5a4 4 0 1 1-3.5 6M11 12l-3 5a4 4 0 1 1-4-4",
  },
  connections: {
    title: "Connections",
    element: "hub-connections",
    icon: "M5 8a3 3 0 1 0 0-.1M19 8a3 3 0 1 0 0-.1M12 19a3 3 0 1 0 0-.1M7 10l4 6M17 10l-4 6M9 8h5",
  },
  throughput: {
    title: "Throughput",
    element: "hub-throughput",
    icon: "M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6",
  },
  inspect: {
    title: "Inspector",
    element: "hub-inspector",
    icon: "M3 12h4l3-8 4 16 3-8h4",
  },
  alerts: {
    title: "Alerts",
    element: "hub-alerts",
    icon: "M12 4 3 20h18zM12 10v5M12 17.5v.5",
    counted: { of: ({ alerts }) => alerts?.size ?? 0, look: "bad", words: "are raised" },
  },
};
