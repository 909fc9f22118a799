"use strict";
// validatorUrl: no other host is asked. persistAuthorization stays off: a token is in no storage.
SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null});
