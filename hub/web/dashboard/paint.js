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

/** Return a function that has `draw` called soon, but at most every so many milliseconds. */
export function slowly(draw, everyMs) {
  let last = -Infinity;
  let timer = 0;
  return () => {
    if (timer) return;
    const wait = Math.max(0, last + everyMs - performance.now());
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      paint(draw);
    }, wait);
  };
}
