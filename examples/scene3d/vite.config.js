import { defineConfig } from "vite";

// Only this machine may ask, and always at the address that CORS_ORIGINS of the hub names.
const server = { host: "127.0.0.1", port: Number(process.env.SCENE_PORT || 4173), strictPort: true };

export default defineConfig({
  base: "./",
  server,
  preview: server,
  // three alone is 500 kB: that is what this page is for.
  build: { target: "es2022", chunkSizeWarningLimit: 1000 },
  // The client is linked, and has no dependencies to look for.
  clearScreen: false,
});
