// What the server says to this page: `{ path, defaultHeaders, defaultQuery, tokens }`. `tokens` maps a role to a ready
// token, in development mode only.

export const config = JSON.parse(document.getElementById("headrace-config").textContent);
