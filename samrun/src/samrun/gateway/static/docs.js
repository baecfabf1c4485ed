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
  specification.servers = [{ url: "/" }];
  // This Swagger UI can show a 3.1 document, but refuses the version number.
  if (specification.openapi?.startsWith("3.1")) specification.openapi = "3.0.3";
  SwaggerUIBundle({ spec: specification, domNode: page, deepLinking: true, validatorUrl: null });
}

show();
