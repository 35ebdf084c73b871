// The reference of the REST API: Swagger UI on this hub's own document. It comes from the hub, asks nobody else, and
// keeps no token.

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

window.SwaggerUIBundle({
  url: "/openapi.json",
  domNode: document.getElementById("openapi"),
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
