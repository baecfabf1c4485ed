"use strict";

// Show the document, or say why it cannot be shown.
async function show() {
  const page = document.getElementById("docs");
  const response = await fetch("/openapi.json");
  let specification;
  try {
    specification = await response.json();
    if (!response.ok) throw new Error(specification.message);
  } catch (error) {
    page.className = "problem";
    page.textContent = response.ok ? `/openapi.json is not JSON: ${error.message}` : error.message;
    return;
  }
  document.title = specification.info?.title ?? document.title;
  // "Try it out" sends its requests to this gateway, not to the deployed API that the document names.
  delete specification.servers;
  const token = await (await fetch("/docs/token")).text();
  const ui = SwaggerUIBundle({
    spec: specification,
    domNode: page,
    deepLinking: false, // its links would be in buttons, which no keyboard and no screen reader reaches
    validatorUrl: null,
    onComplete: () => token && fillIn(token),
  });

  // Send the local token with every request, as if it had been entered in the form "Authorize".
  function fillIn(token) {
    for (const [name, scheme] of Object.entries(specification.components?.securitySchemes ?? {})) {
      if (scheme.type === "http" && scheme.scheme.toLowerCase() === "bearer") ui.preauthorizeApiKey(name, token);
    }
  }
}

// Give Swagger UI's page what screen readers need: names of fields and parts, and headings without a gap.
function mend() {
  for (const body of document.querySelectorAll("textarea.body-param__text:not([aria-label])")) {
    body.setAttribute("aria-label", "Request body");
  }
  for (const table of document.querySelectorAll("table.responses-table[role=region]:not([aria-label])")) {
    table.setAttribute("aria-label", `Responses ${table.id}`);
  }
  for (const select of document.querySelectorAll("select:not([aria-label])")) {
    const name = select.closest("tr")?.querySelector(".parameter__name")?.firstChild;
    select.setAttribute("aria-label", name?.textContent ?? "Choice");
  }
  for (const part of document.querySelectorAll(".information-container:not([role])")) {
    part.setAttribute("role", "region");
    part.setAttribute("aria-label", "About this API");
  }
  for (const [heading, level] of [["h3.opblock-tag", "2"], ["h4", "3"], ["h5", "4"]]) {
    for (const each of document.querySelectorAll(`${heading}:not([aria-level])`)) {
      each.setAttribute("aria-level", level);
    }
  }
}

new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
show();
