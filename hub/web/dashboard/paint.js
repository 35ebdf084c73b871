// Drawing: at most once a frame, and not at all while nobody looks (frames then do not come).

const due = new Set();
let frame = 0;

/** Call `draw` in the next frame, once, however often this is asked. */
export function paint(draw) {
  due.add(draw);
  frame ||= requestAnimationFrame(run);
}

function run() {
  frame = 0;
  const now = [...due];
  due.clear();
  for (const draw of now) draw();
}

// Of the time no drawing takes more than one part in so many: what somebody types comes between.
const SHARE = 6;
const LONGEST_MS = 1000;

/** Return a function that has `draw` called soon, but at most every so many milliseconds, and less often where it takes long. */
export function slowly(draw, everyMs) {
  let last = -Infinity;
  let timer = 0;
  let tookMs = 0;
  const timed = () => {
    const begin = performance.now();
    draw();
    // What the browser makes of it, style, layout and paint, comes before the next message.
    afterFrame(() => (tookMs = performance.now() - begin));
  };
  return () => {
    if (timer) return;
    const wait = Math.max(0, last + Math.max(everyMs, Math.min(SHARE * tookMs, LONGEST_MS)) - performance.now());
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      paint(timed);
    }, wait);
  };
}

function afterFrame(act) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    act();
  };
  port2.postMessage(null);
}
