/** What subscriptions tell, by name and by channel; written by hand, over the types of the wire. */

import type { ClientState, Gap, HubEvent, Lag, Snapshot, SubscriptionState } from "./outputs.js";
import type { ContractData, JobData } from "./types.js";

export interface ClientMessages {
  state: ClientState;
}

export interface SubscriptionMessages<D> {
  state: SubscriptionState;
  snapshot: Snapshot<D>;
  event: HubEvent<D>;
  gap: Gap;
  lag: Lag;
}

/** What the events of the hub's own channels carry; of others it is yours to say. */
export interface ChannelData {
  contracts: ContractData;
  jobs: JobData;
}

export type DataOf<C extends string> = C extends keyof ChannelData ? ChannelData[C] : any;
