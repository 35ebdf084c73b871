// A program in TypeScript that uses the package; compiled, not run.
import { HistoryGap, HubClient, type ClientState, type ContractData, type HubEvent } from "hub-client";
import { msgpack } from "hub-client/msgpack";
import { useChannel, useHubState } from "hub-client/react";
import WebSocket from "ws";

const hub = new HubClient("http://localhost:8000", { format: msgpack, WebSocket, getToken: async ({ reason }) => reason });
hub.addEventListener("state", ({ detail }) => {
  const state: ClientState = detail;
  const wait: number | null = detail.retryInMs;
  console.log(state.state === "connected", wait);
});

const contracts = hub.subscribe("contracts", { snapshot: true, where: { location: ["Mumbai"] } });
contracts.addEventListener("event", ({ detail }) => {
  const contract: ContractData = detail.data;
  const city: string = contract.location;
  // @ts-expect-error contracts have no such field
  console.log(city, detail.data.altitude);
});
contracts.addEventListener("snapshot", ({ detail }) => console.log(detail.items[0].contract_id));
const status: string | undefined = contracts.items?.get("c-1")?.status;

async function read(): Promise<void> {
  try {
    for await (const event of hub.subscribe("jobs", { since: "e:1" })) {
      if (event.type !== "snapshot") console.log((event as HubEvent<{ job_id: string }>).data.job_id);
    }
  } catch (error) {
    if (error instanceof HistoryGap) console.log(error.position, error.help);
  }
}

// @ts-expect-error there is no such option
new HubClient("http://localhost:8000", { getTokn: () => "t" });
// @ts-expect-error nor such a one
hub.subscribe("contracts", { snapshots: true });
// @ts-expect-error nor such a way to deal with gaps
hub.subscribe("contracts", { onGap: "ignore" });

console.log(status, read, useChannel("orders").items.size, useHubState().reason);
