/**
 * What travels between the hub and its clients; made by scripts/types.js from /openapi.json and
 * /asyncapi.json. Do not edit: `make types`.
 */

/** The `data` of an event, raised or cleared. */
export interface Alert {
  alert: string;
  subject: string;
  severity: "critical" | "warning";
  since: string;
  until?: string | null;
  value: number | null;
  threshold: number;
  message: string;
  node: string;
}
/** It is over. */
export interface AlertCleared {
  type: "alert_cleared";
  channel: "alerts";
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: Alert;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** Something that a person should look at. Without `offset`: the log cannot be written now. */
export interface AlertRaised {
  type: "alert_raised";
  channel: "alerts";
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: Alert;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** Answer of `GET /api/alerts`. */
export interface AlertsView {
  alerts: Alert[];
  recent: Alert[];
}
/** The first 16 KiB of what was answered; `bytes` came in all, until it ended or was cut. */
export interface AnswerView {
  encoding: "base64" | "text";
  body: string;
  bytes: number;
  sha256: string;
}
/** A result of a job. */
export interface Artifact {
  name: string;
  /** A label; never opened */
  path?: string | null;
  type?: string | null;
  size?: number | null;
  /** A link, or the hub's own address once the content was uploaded */
  download_url?: string | null;
  description?: string | null;
}
/** One request, with what came of it; times are in ms, null where it did not come to that. */
export interface AttemptView {
  id: string;
  delivery_id: string;
  webhook_id: string;
  event_id: string;
  number: number;
  at: string;
  worker: string;
  url: string;
  address: string | null;
  status: number | null;
  failure: "blocked" | "connect" | "dns" | "encryption" | "loop" | "protocol" | "redirect" | "status" | "timeout" | "tls" | "too_large" | null;
  detail: string;
  dns_ms: number | null;
  connect_ms: number | null;
  first_byte_ms: number | null;
  total_ms: number;
  sent_sha256: string;
  answer: AnswerView;
  receipt: number;
  previous: string;
  hash: string;
}
/** A page of attempts, newest first; `next` is the `before` of the next page. */
export interface AttemptsView {
  attempts: AttemptView[];
  next: number | null;
}
/** A page of records, oldest first. */
export interface AuditView {
  records: RecordView[];
  head: number;
  sealed: number;
  forgotten: number;
  next: number | null;
}
/** Say who one is: the first frame where the upgrade did not, or a newer token (seed 2). */
export interface AuthCommand {
  type: "auth";
  token: string;
  id?: string | number;
}
/** The answer to `auth`: who the hub takes the client for, and until when; null: for ever. */
export interface AuthOkReply {
  type: "auth_ok";
  principal: string;
  expires_at: string | null;
  reply_to?: string | number;
}
/** Answer of `POST /api/callbacks`. `registered_callbacks` are yours that wait for this end. */
export interface CallbackRegistered {
  status?: "registered";
  task_id?: string;
  kind: "job" | "task";
  id: string;
  client_id: string;
  callback_url: string;
  message: string;
  registered_callbacks: number;
  timestamp: string;
  callback_id: string;
  secret: string | null;
}
/** A callback; as a webhook it has the id `callback_id`. */
export interface CallbackView {
  callback_id: string;
  client_id: string;
  callback_url: string;
  state: "delivered" | "disabled" | "paused" | "registered";
  owner: string;
  registered_at: string;
}
/** Answer of `GET /api/callbacks`: those of one resource, oldest first. */
export interface CallbacksView {
  task_id?: string;
  kind: "job" | "task";
  id: string;
  callbacks: CallbackView[];
  registered_callbacks: number;
  timestamp: string;
}
/** Where the chain of receipts stands: how many there are, and the hash of the newest (hex). */
export interface ChainView {
  count: number;
  hash: string;
}
/** One channel now; rates are a second, of the last six seconds. */
export interface ChannelStats {
  channel: string;
  head: number | null;
  events_in: number;
  events_out: number;
  followers: number;
  late: number;
  behind: number;
}
/** A channel. `followers` are the clients of the node that answers. */
export interface ChannelView {
  channel: string;
  built_in: boolean;
  durable: boolean;
  history: HistoryLimits | null;
  readers: Array<"admin" | "agent" | "operator" | "publisher" | "service" | "user" | "viewer"> | null;
  head: number;
  oldest: number;
  followers: number;
}
/** Answer of `GET /api/channels`. */
export interface ChannelsView {
  channels: ChannelView[];
}
/** Body of `POST /api/jobs/{job_id}/complete`. */
export interface Completion {
  final_status: "DONE" | "FAILED";
  summary?: Record<string, unknown> | null;
  final_artifacts?: Artifact[] | null;
  completion_message?: string | null;
}
/** Only the newest event of each value of `key`, `max_hz` times a second at most. */
export interface Conflate {
  key: string;
  max_hz?: number;
}
/** How a client has its events thinned. */
export interface ConflateView {
  key: string;
  max_hz: number;
}
/** A connection that was closed, with which code and word. */
export interface ConnectionClosed {
  client_id: string;
  node: string;
  principal: string | null;
  close_code: number;
  code: string;
}
/** One connection; `principal` is null while the client has not said who it is. */
export interface ConnectionView {
  client_id: string;
  node: string;
  principal: string | null;
  connected_at: string;
  client: string;
  protocol: "json" | "msgpack" | "sse";
  queued_bytes: number;
  frames_out: number;
  channels: number;
  subscriptions: FollowedView[];
  address?: string;
}
/** A page of connections, newest first; `next` is `before` of the next page. */
export interface ConnectionsView {
  connections: ConnectionView[];
  matching: number;
  next: string | null;
  nodes: string[];
  incomplete: string[];
}
/** A contract, echoed as it was sent. */
export interface ContractData {
  contract_id: string;
  location: string;
  status: "active" | "inactive";
  timestamp: string;
}
/** An update came that is older than what is known: kept and told, but not to be painted. */
export interface ContractStale {
  type: "contract_stale";
  channel: "contracts";
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: ContractData;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** What an external system posts: exactly these four, echoed as they were sent. */
export interface ContractUpdate {
  contract_id: string;
  location: "Bengaluru" | "Chennai" | "Hyderabad" | "Mumbai";
  status: "active" | "inactive";
  /** ISO 8601 with a time of day; without an offset it means UTC; at most 5 minutes ahead */
  timestamp: string;
}
/** A contract has new state. */
export interface ContractUpdated {
  type: "contract_update";
  channel: "contracts";
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: ContractData;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** Answer of `GET /contracts/status`; `clients` are those of all nodes of the hub. */
export interface ContractsStatus {
  status?: string;
  contracts: number;
  by_location: Record<string, Record<string, number>>;
  by_status: Record<string, number>;
  latest_update: string | null;
  channel?: string;
  epoch: string;
  offset: number;
  clients: number;
  uptime_s: number;
}
/** A page of deliveries, newest first. */
export interface DeliveriesView {
  deliveries: DeliveryView[];
  next: number | null;
}
/** One event on its way to one endpoint. */
export interface DeliveryView {
  id: string;
  webhook_id: string;
  event: EventRef;
  state: "cancelled" | "dead" | "delivered" | "held" | "pending" | "queued" | "sending";
  round: number;
  attempts: number;
  reason: string | null;
  created_at: string;
  due_at: string | null;
  ended_at: string | null;
}
/** Answer of `GET /api/deliveries/{delivery_id}`: with its newest attempts, newest first. */
export interface DeliveryWithAttempts {
  id: string;
  webhook_id: string;
  event: EventRef;
  state: "cancelled" | "dead" | "delivered" | "held" | "pending" | "queued" | "sending";
  round: number;
  attempts: number;
  reason: string | null;
  created_at: string;
  due_at: string | null;
  ended_at: string | null;
  tried: AttemptView[];
}
/** What is made unreadable on the way: for which key, and which parts; none: the whole body. */
export interface EncryptionForm {
  jwk: Record<string, unknown>;
  pointers?: string[];
}
/** Body of `PATCH /api/webhooks/{webhook_id}`: what is left out stays as it is. */
export interface EndpointChange {
  url?: string;
  event_types?: string[];
  channels?: string[];
  where?: Record<string, Array<string | number | boolean | null> | string | number | boolean | null>;
  description?: string;
  ordered?: boolean;
  head?: "block" | "skip";
  schedule?: number[] | null;
  profile?: "default" | "fast" | null;
  client_errors?: "fail" | "retry";
  rate_per_s?: number;
  concurrency?: number;
  headers?: Record<string, string>;
  encryption?: EncryptionForm | null;
}
/** Answer with a new key. `secret` is shown this once; with Ed25519, which has none, null. */
export interface EndpointCreated {
  id: string;
  url: string;
  owner: string;
  state: "active" | "disabled" | "paused";
  why: string;
  clearing: boolean;
  event_types: string[];
  channels: string[];
  where: Record<string, unknown>;
  description: string;
  ordered: boolean;
  head: "block" | "skip";
  schedule: number[];
  client_errors: "fail" | "retry";
  rate_per_s: number;
  concurrency: number;
  headers: string[];
  encryption: EncryptionForm | null;
  signature: "v1" | "v1a";
  keys: SigningKeyView[];
  health: HealthView;
  receipts: ChainView;
  waiting: Record<string, number>;
  created_at: string;
  updated_at: string;
  secret: string | null;
}
/** Answer of `DELETE /api/webhooks/{webhook_id}`: what waited for it is cancelled. */
export interface EndpointRemoved {
  id: string;
  url: string;
  status?: "removed";
}
/** An endpoint, as it may be shown. */
export interface EndpointView {
  id: string;
  url: string;
  owner: string;
  state: "active" | "disabled" | "paused";
  why: string;
  clearing: boolean;
  event_types: string[];
  channels: string[];
  where: Record<string, unknown>;
  description: string;
  ordered: boolean;
  head: "block" | "skip";
  schedule: number[];
  client_errors: "fail" | "retry";
  rate_per_s: number;
  concurrency: number;
  headers: string[];
  encryption: EncryptionForm | null;
  signature: "v1" | "v1a";
  keys: SigningKeyView[];
  health: HealthView;
  receipts: ChainView;
  waiting: Record<string, number>;
  created_at: string;
  updated_at: string;
}
/** Answer of `GET /api/webhooks`; `next` is the `before` of the next page, null at the end. */
export interface EndpointsView {
  webhooks: EndpointView[];
  next: string | null;
}
/** One fact. A test has no `offset` and `"test": true`; a volatile event has neither. */
export interface Envelope {
  type: string;
  channel: string;
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: Record<string, unknown>;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** What a program and a person need to know of a refusal. */
export interface ErrorDetails {
  code: string;
  message: string;
  help: string;
  retry_after_ms?: number | null;
}
/** A command was refused; the connection stays. Seed 2's shape, without a `channel`. */
export interface ErrorReply {
  type: "error";
  error: string;
  details: ErrorDetails;
  timestamp: string;
  reply_to?: string | number;
}
/** The event that is delivered. `offset` is 0 where it has no position. */
export interface EventRef {
  id: string;
  type: string;
  channel: string;
  offset: number;
  key: string;
  timestamp: string;
}
/** Answer of `GET /api/events/{event_id}/trace`. */
export interface EventTrace {
  id: string;
  channel: string;
  epoch: string;
  offset: number;
  type: string;
  owner: string;
  timestamp: string;
  trace: string | null;
  accepted_by: string | null;
  accepted_at: string | null;
  committed_at: string | null;
  announced_at: string | null;
  nodes: NodeTrace[];
  incomplete: string[];
  webhooks: WebhookTrace[];
}
/** One channel that a client follows. */
export interface FollowedView {
  channel: string;
  position: string | null;
  behind: number;
  mode: "conflated" | "latest" | "live" | "lossless" | "replay";
  where: Record<string, Array<string | number | boolean | null>> | null;
  conflate: ConflateView | null;
}
/** Offsets `from` to `to` will never come; said on the socket, in their place. */
export interface GapPush {
  type: "gap";
  channel: string;
  epoch: string;
  from: number;
  to: number;
  reason: "epoch_changed" | "expired" | "volatile";
}
/** Read a page of history; `since` and `before` are offsets or positions. */
export interface GetHistoryCommand {
  type: "get_history";
  limit?: number;
  channel?: string;
  before?: number | string | null;
  since?: number | string | Since | null;
  id?: string | number;
}
/** Ask how the hub is. */
export interface GetStatusCommand {
  type: "get_status";
  id?: string | number;
}
/** Answer of `GET /health`: the process runs and answers. Restart it only when it does not. */
export interface Health {
  status: "healthy";
  version: string;
}
/** How an endpoint fares. */
export interface HealthView {
  circuit: "closed" | "half-open" | "open";
  failures: number;
  failing_since: string | null;
  retry_at: string | null;
}
/** Ask where this client stands. */
export interface HeartbeatCommand {
  type: "heartbeat";
  id?: string | number;
}
/** Where this client stands in each of its channels (seed 3's fields first). */
export interface HeartbeatPush {
  type: "heartbeat";
  timestamp: string;
  client_id: string;
  epoch: string;
  positions: Record<string, number>;
  reply_to?: string | number;
}
/** Where this client stands in each of its channels (seed 3's fields first). */
export interface HeartbeatReply {
  type: "heartbeat";
  timestamp: string;
  client_id: string;
  epoch: string;
  positions: Record<string, number>;
  reply_to?: string | number;
}
/** A page, oldest first. `offset` is the newest of the channel, `oldest` the oldest kept. */
export interface HistoryAnswer {
  channel: string;
  epoch: string;
  offset: number;
  oldest: number;
  complete: boolean;
  events: Array<ContractUpdated | ContractStale | JobUpdated | Envelope>;
  next: number | null;
  reason?: string;
}
/** One entry of `history`, as seed 0 shows it. */
export interface HistoryEntry {
  timestamp: string;
  status: "PENDING" | "RUNNING" | "NEEDS_INPUT" | "FAILED" | "DONE";
  message: string | null;
  step: string | null;
}
/** How much history a channel keeps; what is null is as the hub's settings say. */
export interface HistoryLimits {
  max_events?: number | null;
  max_age_h?: number | null;
}
/** A page of events, oldest first; not `complete` when events of the asked range are gone. */
export interface HistoryReply {
  type: "history";
  channel: string;
  epoch: string;
  offset: number;
  complete: boolean;
  reason: "epoch_changed" | "expired" | "volatile" | null;
  events: Array<ContractUpdated | ContractStale | JobUpdated | Envelope>;
  reply_to?: string | number;
}
/** What a job asks of a person: a question, and a JSON Schema that the answer must meet. */
export interface InputRequest {
  prompt: string;
  /** JSON Schema that the answer must meet */
  schema?: Record<string, unknown> | null;
}
/** Body of `POST /api/jobs/{job_id}/input`. */
export interface JobAnswer {
  input: unknown;
}
/** Answer of every later update of a job; no `id` and no position when nothing changed. */
export interface JobChanged {
  job_id: string;
  status: "PENDING" | "RUNNING" | "NEEDS_INPUT" | "FAILED" | "DONE";
  updated_at: string;
  message: string | null;
  applied: boolean;
  id?: string;
  channel?: string;
  epoch?: string;
  offset?: number;
}
/** Answer of `POST /api/jobs`, to the letter of seed 0. */
export interface JobCreated {
  job_id: string;
  status: "PENDING" | "RUNNING" | "NEEDS_INPUT" | "FAILED" | "DONE";
  created_at: string;
  message: string;
}
/** A job, without what it was created from. */
export interface JobData {
  job_id: string;
  status: "DONE" | "FAILED" | "NEEDS_INPUT" | "PENDING" | "RUNNING";
  created_at: string;
  updated_at: string;
  progress: Progress;
  artifacts: Artifact[];
  metadata: Record<string, unknown>;
  message: string | null;
  summary?: Record<string, unknown>;
  input_request?: InputRequest;
  input?: unknown;
}
/** A job as its readers get it: seed 0's structure; the last four fields extend it. */
export interface JobDocument {
  job_id: string;
  status: "DONE" | "FAILED" | "NEEDS_INPUT" | "PENDING" | "RUNNING";
  created_at: string;
  updated_at: string;
  input_data: Record<string, unknown>;
  progress: Progress;
  artifacts: Artifact[];
  metadata: Record<string, unknown>;
  message?: string;
  summary?: Record<string, unknown>;
  input_request?: InputRequest;
  input?: unknown;
}
/** A job has moved on. */
export interface JobUpdated {
  type: "job_update";
  channel: "jobs";
  /** Grows by exactly one a channel */
  offset?: number;
  id: string;
  timestamp: string;
  test?: true;
  /** W3C traceparent of the request behind it, if it had one */
  trace?: string;
  data: JobData;
  /** Under a filter: the offset before it */
  prev?: number;
}
/** Answer of `GET /api/jobs/{job_id}`; without `history` when it was not asked for. */
export interface JobView {
  job: JobDocument;
  history?: HistoryEntry[];
}
/** Answer of `GET /api/jobs`, newest first; `next` is `before` of the next page. */
export interface JobsView {
  jobs: JobDocument[];
  next: string | null;
}
/** Answer with a new secret: `token` is shown this once, and kept nowhere. */
export interface KeyCreated {
  token: string;
  key: KeyView;
}
/** The public keys of all endpoints with Ed25519, as a JWK Set (RFC 7517, RFC 8037). */
export interface KeySet {
  keys: Array<Record<string, string>>;
}
/** An API key, as it may be shown. `scopes` are those that it has in the end. */
export interface KeyView {
  id: string;
  name: string;
  state: "active" | "expired" | "revoked";
  roles: string[];
  scopes: string[];
  channels: string[] | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  old_secret_until: string | null;
}
/** Answer of `GET /api/tokens`; `next` is the `before` of the next page, null at the end. */
export interface KeysView {
  tokens: KeyView[];
  next: string | null;
}
/** This client does not keep up: it is so many events behind; 0 when it is not any more. */
export interface LagPush {
  type: "lag";
  channel: string;
  behind: number;
  mode: "conflated" | "lossless" | "snapshot";
}
/** From an event's commit to the last socket's write, in milliseconds; of how many events. */
export interface Latency {
  events: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
}
/** Body of `POST /api/callbacks`: whose end, and where to tell it. */
export interface NewCallback {
  client_id: string;
  callback_url: string;
  task_id?: string | null;
  kind?: "job" | "task" | null;
  id?: string | null;
}
/** Body of `PUT /api/channels/{channel}`. */
export interface NewDefinition {
  durable?: boolean;
  history?: HistoryLimits | null;
  readers?: Array<"admin" | "agent" | "operator" | "publisher" | "service" | "user" | "viewer"> | null;
}
/** Body of `POST /api/webhooks`. */
export interface NewEndpoint {
  url: string;
  event_types?: string[];
  channels?: string[];
  where?: Record<string, Array<string | number | boolean | null> | string | number | boolean | null>;
  description?: string;
  ordered?: boolean;
  head?: "block" | "skip";
  schedule?: number[] | null;
  profile?: "default" | "fast" | null;
  client_errors?: "fail" | "retry";
  rate_per_s?: number;
  concurrency?: number;
  headers?: Record<string, string>;
  encryption?: EncryptionForm | null;
  signature?: "v1" | "v1a";
}
/** One event of `POST /api/channels/{channel}/events`. */
export interface NewEvent {
  type: string;
  data: Record<string, unknown>;
  /** The entity that the event speaks of */
  key?: string;
}
/** Body of `POST /api/jobs`. */
export interface NewJob {
  input_data?: Record<string, unknown> | null;
  metadata?: Record<string, unknown> | null;
}
/** Body of `POST /api/tokens`. Without `roles` the key has its `scopes` alone. */
export interface NewKey {
  name: string;
  roles?: string[];
  scopes?: string[] | null;
  channels?: string[] | null;
  expires_at?: string | null;
}
/** Body of `POST /api/webhooks/{webhook_id}/replay`. */
export interface NewReplay {
  states?: Array<"cancelled" | "dead" | "delivered" | "held"> | null;
  event_types?: string[];
  since?: string | null;
  channel?: string | null;
  after?: string | null;
}
/** Body of `POST /api/revocations`: `jwt:<jti>`, or `sub:<name>` for all that a principal shows. */
export interface NewRevocation {
  credential: string;
  until: string;
}
/** One node, and since when it measures: what was before, nobody remembers. */
export interface NodeStats {
  events_in: number;
  events_out: number;
  connections: number;
  queued_bytes: number;
  latency: Latency;
  since: string;
}
/** One node's sockets. */
export interface NodeStatus {
  connections: number;
  subscriptions: Record<string, number>;
  queued_bytes: number;
}
/** What a node remembers of an event; its times are by its own clock. */
export interface NodeTrace {
  node: string;
  received_at: string | null;
  delivered_at: string | null;
  clients: number | null;
}
/** Rates a second, of the last six seconds; latency of the last minute. */
export interface Now {
  events_in: number;
  events_out: number;
  connections: number;
  queued_bytes: number;
  latency: Latency;
}
/** Body of `POST …/pause`: why, for those who look later. */
export interface Pause {
  reason?: string;
}
/** Ask for the hub's time. */
export interface PingCommand {
  type: "ping";
  id?: string | number;
}
/** Two seconds, the end of which is `at`; rates are a second. */
export interface PointView {
  at: string;
  events_in: number;
  events_out: number;
  connections: number;
  queued_bytes: number;
  latency: Latency;
}
/** The hub's time. */
export interface PongReply {
  type: "pong";
  server_time: string;
  reply_to?: string | number;
}
/** Why a request was refused (RFC 9457); `type` is the address of its page. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: WrongField[];
  legal_next?: string[] | null;
}
/** How far a job is. `percentage` is 0 to 100. */
export interface Progress {
  current_step?: string | null;
  total_steps?: number | null;
  completed_steps?: number | null;
  percentage?: number | null;
  estimated_remaining?: string | null;
}
/** Answer of `POST /api/channels/{channel}/events`; `offset` is that of the last event. */
export interface PublishAnswer {
  status: string;
  channel: string;
  epoch: string;
  offset: number;
  ids: string[];
}
/** Answer of `GET /ready`: the log can be written, so traffic may come. */
export interface Ready {
  status: "degraded" | "ready";
  alerts?: string[];
}
/** One link of the chain. */
export interface ReceiptView {
  receipt: number;
  line: string;
  hash: string;
}
/** A page of an endpoint's chain, newest first: what is hashed, each as one line of JSON. */
export interface ReceiptsView {
  webhook_id: string;
  count: number;
  head: string;
  receipts: ReceiptView[];
  next: number | null;
}
/** Answer of `POST /webhook/{client_id}`. */
export interface ReceivedAnswer {
  status: string;
  client_id: string;
  verified: boolean;
  verdict: string;
}
/** What somebody did, or was not let do. */
export interface RecordView {
  seq: number;
  timestamp: string;
  actor: string;
  credential: string;
  action: string;
  target: string;
  outcome: string;
  address: string;
  node: string;
  details: Record<string, unknown>;
  sealed: boolean;
}
/** A replay: `seen` is how many deliveries or events it has looked at, `again` those it sent. */
export interface ReplayView {
  id: string;
  webhook_id: string;
  state: "cancelled" | "done" | "running";
  owner: string;
  states: string[];
  event_types: string[];
  since: string | null;
  channel: string | null;
  after: number | null;
  cursor: number;
  seen: number;
  again: number;
  created_at: string;
  ended_at: string | null;
}
/** Answer of `GET /api/replays`: the newest first. */
export interface ReplaysView {
  replays: ReplayView[];
}
/** Body of `POST …/resume`: what becomes of what was held. */
export interface Resuming {
  held?: "discard" | "leave" | "send" | null;
  adopt?: boolean;
}
/** A credential that is refused. */
export interface RevocationView {
  credential: string;
  at: string;
  until: string;
}
/** Those that are refused now. API keys that were revoked are not among them. */
export interface RevocationsView {
  revocations: RevocationView[];
}
/** Body of `POST /api/tokens/{token_id}/rotate`: how long the old secret works, in seconds. */
export interface Rotation {
  overlap_s?: number;
  expires_at?: string | null;
}
/** A sealed batch. `hash` covers the batch and `previous`; `hmac` is empty without a key. */
export interface SealView {
  batch: number;
  first_seq: number;
  last_seq: number;
  timestamp: string;
  node: string;
  digest: string;
  previous: string;
  hash: string;
  hmac: string;
}
/** A page of seals, by batch; `next` is like that of a page of records. */
export interface SealsView {
  seals: SealView[];
  next: number | null;
}
/** Body of `POST …/rotate-secret`: how long the keys that there are still sign, in seconds. */
export interface SecretRotation {
  overlap_s?: number;
  signature?: "v1" | "v1a" | null;
}
/** A key that signs. `public_key` is that of Ed25519, null of others; `until` is its end. */
export interface SigningKeyView {
  id: string;
  kind: "v1" | "v1a";
  created_at: string;
  until: string | null;
  public_key: string | null;
}
/** The last position that a client has seen. */
export interface Since {
  epoch: string;
  offset: number;
}
/** One page of a channel's state. */
export interface SnapshotPush {
  type: "snapshot";
  channel: string;
  items: Array<ContractData | JobData>;
  more: boolean;
}
/** How much goes through the hub: measured live, kept in memory, gone with each node's end. */
export interface StatsView {
  at: string;
  every_s: number;
  now: Now;
  channels: ChannelStats[];
  points: PointView[];
  nodes: Record<string, NodeStats>;
  incomplete: string[];
}
/** How the hub is. */
export interface StatusReply {
  type: "status";
  node: string;
  epoch: string;
  positions: Record<string, number>;
  uptime_s: number;
  connections: number;
  subscriptions: Record<string, number>;
  queued_bytes: number;
  reply_to?: string | number;
}
/** Body of `POST /api/jobs/{job_id}/status`. */
export interface StatusReport {
  status: "PENDING" | "RUNNING" | "NEEDS_INPUT" | "FAILED" | "DONE";
  progress?: Progress | null;
  message?: string | null;
  /** Only with NEEDS_INPUT */
  input_request?: InputRequest | null;
}
/** Follow a channel: from now, from `since`, from the last `history`, or from a snapshot. */
export interface SubscribeCommand {
  type: "subscribe";
  channel: string;
  since?: string | Since | null;
  history?: number | null;
  snapshot?: boolean;
  where?: Record<string, string | number | boolean | Array<string | number | boolean | null> | null> | null;
  conflate?: Conflate | null;
  id?: string | number;
}
/** The answer to `subscribe`, before anything is replayed. */
export interface SubscribedReply {
  type: "subscribed";
  channel: string;
  epoch: string;
  offset: number;
  head: number;
  recovered: boolean;
  reason: "epoch_changed" | "expired" | "volatile" | null;
  reply_to?: string | number;
}
/** Answer of `POST /test/update`. */
export interface TestAnswer {
  status: string;
  id: string;
  channel: string;
  test: boolean;
}
/** Answer of `POST …/test`; `failure` is one word, null where it was delivered. */
export interface TestOutcome {
  id: string;
  delivered: boolean;
  status: number | null;
  failure: string | null;
  duration_ms: number;
}
/** Answer of `POST /api/ws/ticket`: open `/ws?ticket=…` with it, once, before `expires_at`. */
export interface TicketAnswer {
  ticket: string;
  expires_at: string;
}
/** Stop following a channel. */
export interface UnsubscribeCommand {
  type: "unsubscribe";
  channel: string;
  id?: string | number;
}
/** The answer to `unsubscribe`; nothing of the channel follows it. */
export interface UnsubscribedReply {
  type: "unsubscribed";
  channel: string;
  code?: string;
  reply_to?: string | number;
}
/** Answer of `POST /update`; joined by hand in `_answer`, a test compares. */
export interface UpdateAnswer {
  status: string;
  id: string;
  channel: string;
  epoch: string;
  offset: number;
  applied: boolean;
}
/** Answer to events of a volatile channel: they are on their way, and have no offset. */
export interface VolatileAnswer {
  status: string;
  channel: string;
  ids: string[];
}
/** Answer of `GET /ws/status`: all nodes of the hub together, and each by its name. */
export interface WebSocketStatus {
  connections: number;
  subscriptions: Record<string, number>;
  queued_bytes: number;
  status?: string;
  nodes: Record<string, NodeStatus>;
}
/** What became of an event at one webhook; `reason` is why it ended, or is tried again. */
export interface WebhookTrace {
  webhook_id: string;
  delivery_id: string;
  state: "cancelled" | "dead" | "delivered" | "held" | "pending" | "queued" | "sending";
  reason: string | null;
  attempts: WebhookTry[];
}
/** One request of a webhook, and what was answered; `failure` is null when it succeeded. */
export interface WebhookTry {
  at: string;
  number: number;
  worker: string;
  status: number | null;
  failure: string | null;
  duration_ms: number;
}
/** The first frame of every connection. */
export interface WelcomePush {
  type: "welcome";
  protocol: number;
  client_id: string;
  node: string;
  heartbeat_s: number;
  server_time: string;
  epoch: string;
  positions: Record<string, number>;
}
/** One wrong field of a request. */
export interface WrongField {
  field: string;
  expected: string;
  got: string;
}
export type Command =
  | AuthCommand
  | GetHistoryCommand
  | GetStatusCommand
  | HeartbeatCommand
  | PingCommand
  | SubscribeCommand
  | UnsubscribeCommand;
export type Reply =
  | AuthOkReply
  | ErrorReply
  | HeartbeatReply
  | HistoryReply
  | PongReply
  | StatusReply
  | SubscribedReply
  | UnsubscribedReply;
export type Push =
  | GapPush
  | HeartbeatPush
  | LagPush
  | SnapshotPush
  | WelcomePush;
export type EventFrame =
  | AlertCleared
  | AlertRaised
  | ContractStale
  | ContractUpdated
  | Envelope
  | JobUpdated;
