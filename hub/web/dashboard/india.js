// A map to find cities on: an outline drawn by hand from the coordinates of well-known points of
// coasts and borders, to a degree's tenth. For orientation; it says nothing of where borders are.

const SOUTH = 6.5;
const NORTH = 37.4;
const WEST = 67.2;
const SCALE = 20; // units a degree of latitude
const SQUEEZE = Math.cos((22 * Math.PI) / 180); // a degree of longitude in the middle of the map

export const SIZE = { width: Math.round((98.2 - WEST) * SQUEEZE * SCALE), height: Math.round((NORTH - SOUTH) * SCALE) };

/** Where a place is on the map. */
export function project([longitude, latitude]) {
  return [(longitude - WEST) * SQUEEZE * SCALE, (NORTH - latitude) * SCALE];
}

// Longitude and latitude, clockwise from the Rann of Kutch.
const MAINLAND = [
  68.2, 23.7, 68.8, 24.3, 70.0, 24.2, 71.0, 24.4, 70.7, 25.4, 70.3, 25.7, 70.1, 26.5, 69.5, 26.8, 69.6, 27.2, 70.4, 28.0, 70.8, 27.7, 71.9, 27.9,
  72.3, 28.4, 72.9, 29.0, 73.4, 29.9, 73.9, 30.2, 74.6, 30.9, 74.5, 31.7, 75.3, 32.3, 74.5, 32.8, 74.0, 33.2, 73.7, 34.0, 73.5, 34.6, 73.8, 35.2,
  72.6, 36.0, 72.6, 36.7, 74.5, 37.0, 75.8, 36.7, 76.2, 35.9, 77.8, 35.5, 78.9, 35.9, 80.2, 35.4, 80.2, 34.6, 79.1, 34.2, 78.9, 33.3, 79.4, 32.6,
  78.6, 32.3, 78.8, 31.3, 79.8, 30.9, 81.0, 30.2, 80.4, 29.7, 80.1, 28.8, 81.2, 28.4, 82.0, 27.9, 83.3, 27.4, 84.6, 27.3, 85.3, 26.7, 86.1, 26.6,
  87.3, 26.4, 88.1, 26.5, 88.1, 27.9, 88.8, 28.0, 88.9, 27.2, 89.8, 26.7, 91.0, 26.8, 92.1, 26.9, 91.7, 27.7, 92.5, 27.9, 93.6, 28.6, 94.6, 29.3,
  95.6, 29.1, 96.2, 29.4, 96.5, 28.7, 97.3, 28.2, 97.0, 27.6, 96.2, 27.2, 95.2, 26.6, 94.7, 25.5, 94.6, 24.7, 94.1, 23.9, 93.4, 24.0, 93.3, 23.0,
  93.1, 22.2, 92.6, 22.0, 92.3, 23.6, 91.9, 23.5, 91.6, 23.0, 91.2, 23.7, 91.5, 24.2, 92.1, 24.4, 92.4, 25.0, 91.8, 25.2, 90.4, 25.2, 89.9, 25.3,
  89.8, 26.0, 89.0, 26.3, 88.5, 26.4, 88.2, 25.8, 88.9, 25.2, 88.1, 24.6, 88.7, 24.2, 88.6, 23.6, 88.9, 23.1, 89.0, 22.2, 88.9, 21.6, 88.0, 21.7,
  87.0, 21.4, 86.9, 20.7, 86.4, 20.0, 85.6, 19.7, 84.8, 19.1, 84.0, 18.3, 83.3, 17.7, 82.3, 16.7, 81.3, 16.3, 80.8, 15.8, 80.1, 15.4, 80.1, 14.0,
  80.3, 13.1, 80.0, 12.3, 79.8, 11.7, 79.8, 10.3, 79.2, 9.9, 79.0, 9.4, 79.2, 9.2, 78.2, 8.8, 77.5, 8.1, 76.9, 8.5, 76.3, 9.9, 75.7, 11.3,
  74.9, 12.8, 74.4, 14.1, 74.0, 14.9, 73.8, 15.6, 73.3, 17.0, 72.9, 18.6, 72.8, 19.2, 72.7, 20.2, 72.8, 21.1, 72.6, 21.7, 72.5, 22.3, 72.2, 21.8,
  72.1, 21.2, 71.0, 20.7, 70.0, 21.4, 69.0, 22.2, 69.3, 22.4, 70.2, 22.6, 70.3, 22.9, 69.2, 22.8, 68.5, 23.2,
];
const ISLANDS = [
  [92.8, 13.6, 93.0, 13.2, 92.8, 12.0, 92.6, 11.6, 92.7, 12.8],
  [92.5, 10.8, 92.6, 10.6, 92.4, 10.6],
  [93.8, 7.2, 93.9, 6.9, 93.7, 7.0],
];

function outline(numbers) {
  const points = [];
  for (let index = 0; index < numbers.length; index += 2) points.push(project([numbers[index], numbers[index + 1]]));
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
}

export const OUTLINE = [MAINLAND, ...ISLANDS].map(outline).join("");

/** Cities that can be shown: their longitude and latitude. Others stand in the list beside the map. */
export const CITIES = {
  Ahmedabad: [72.57, 23.02], Bengaluru: [77.59, 12.97], Bhopal: [77.41, 23.26], Bhubaneswar: [85.82, 20.3],
  Chandigarh: [76.78, 30.73], Chennai: [80.27, 13.08], Coimbatore: [76.96, 11.02], Delhi: [77.21, 28.61],
  Guwahati: [91.74, 26.14], Hyderabad: [78.49, 17.39], Indore: [75.86, 22.72], Jaipur: [75.79, 26.91],
  Kochi: [76.27, 9.93], Kolkata: [88.36, 22.57], Lucknow: [80.95, 26.85], Mumbai: [72.88, 19.08],
  Nagpur: [79.09, 21.15], Patna: [85.14, 25.59], Pune: [73.86, 18.52], Ranchi: [85.31, 23.34], Srinagar: [74.8, 34.08],
  Surat: [72.83, 21.17], Thiruvananthapuram: [76.94, 8.52], Visakhapatnam: [83.22, 17.69],
};

const ALIASES = { bangalore: "Bengaluru", bombay: "Mumbai", calcutta: "Kolkata", madras: "Chennai", "new delhi": "Delhi", trivandrum: "Thiruvananthapuram", vizag: "Visakhapatnam" };
const BY_NAME = new Map(Object.keys(CITIES).map((name) => [name.toLowerCase(), name]));

/** Where a city of any spelling is; null: not on the map. */
export function cityAt(name) {
  const plain = name.trim().toLowerCase();
  const known = BY_NAME.get(plain) ?? ALIASES[plain];
  return known ? CITIES[known] : null;
}
