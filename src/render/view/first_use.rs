//! First use: an empty project leads its first person by the hand to its first run.

use serde::Serialize;

use super::Link;

/// What to do until the first run is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstUse {
    /// Where a key is made; `None` for somebody who may not.
    pub keys: Option<Link>,
    /// One way to send the first run for each kind of agent.
    pub snippets: Vec<Snippet>,
    /// Whether it is there.
    pub waiting: Waiting,
}

/// Something to copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// Id on the page.
    pub id: String,
    /// Whom it is for: `Python, OpenTelemetry`.
    pub title: String,
    /// What to copy.
    pub code: String,
}

/// Asked for again and again until the first run is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Where to ask.
    pub href: String,
    /// The first run, once it has arrived.
    pub run: Option<Link>,
}

impl FirstUse {
    /// What to do with a service that is reached at `url` for the project `slug`.
    pub fn new(url: &str, slug: &str, keys: Option<Link>, waiting: Waiting) -> Self {
        let snippet =
            |id: &str, title: &str, code: String| Snippet { id: id.to_owned(), title: title.to_owned(), code };
        let any = format!(
            "export OTEL_EXPORTER_OTLP_ENDPOINT={url}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n\
             export OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Bearer%20$SEATRIAL_API_KEY\"\n\
             export OTEL_SERVICE_NAME=my-agent OTEL_RESOURCE_ATTRIBUTES=service.version=1.0.0"
        );
        let python = format!(
            "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http\n\n\
             from opentelemetry import trace\n\
             from opentelemetry.sdk.resources import Resource\n\
             from opentelemetry.sdk.trace import TracerProvider\n\
             from opentelemetry.sdk.trace.export import BatchSpanProcessor\n\
             from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n\n\
             provider = TracerProvider(resource=Resource.create({{\"service.name\": \"my-agent\", \"service.version\": \"1.0.0\"}}))\n\
             provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(\n    \
             \"{url}/v1/traces\", headers={{\"authorization\": f\"Bearer {{API_KEY}}\"}})))\n\
             trace.set_tracer_provider(provider)\n\n\
             with trace.get_tracer(\"my-agent\").start_as_current_span(\"invoke_agent\") as span:\n    \
             span.set_attribute(\"gen_ai.operation.name\", \"invoke_agent\")\n    \
             span.set_attribute(\"seatrial.outcome\", \"success\")"
        );
        let node = format!(
            "npm install @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto\n\n\
             import {{ NodeSDK }} from \"@opentelemetry/sdk-node\";\n\
             import {{ OTLPTraceExporter }} from \"@opentelemetry/exporter-trace-otlp-proto\";\n\n\
             new NodeSDK({{\n  serviceName: \"my-agent\",\n  traceExporter: new OTLPTraceExporter({{\n    \
             url: \"{url}/v1/traces\",\n    headers: {{ authorization: `Bearer ${{process.env.SEATRIAL_API_KEY}}` }},\n  }}),\n}}).start();"
        );
        let report = format!(
            "curl -s {url}/api/v1/projects/{slug}/runs -H \"Authorization: Bearer $SEATRIAL_API_KEY\" --json '{{\"runs\":[{{\
             \"external_id\":\"first\",\"workflow\":\"my-agent\",\"release\":\"1.0.0\",\"started_at\":\"2026-01-05T09:00:00Z\",\
             \"ended_at\":\"2026-01-05T09:00:41Z\",\"outcome\":\"success\"}}]}}'"
        );
        let snippets = vec![
            snippet("any", "Already instrumented: change where it goes", any),
            snippet("python", "Python", python),
            snippet("node", "TypeScript and Node", node),
            snippet("report", "No tracing: report a run", report),
        ];
        Self { keys, snippets, waiting }
    }

    /// As an admin sees it before the first run.
    pub fn sample() -> Self {
        let waiting = Waiting { href: "/p/demo/first-run".to_owned(), run: None };
        let keys = Some(Link::new("/p/demo/settings#keys-title", "Make a key with the scope ingest"));
        Self::new("http://127.0.0.1:8080", "demo", keys, waiting)
    }
}
