//! Which JSON field is which protobuf field, for the OTLP messages that are read.

/// A protobuf message.
pub(super) struct Message {
    pub fields: &'static [Field],
}

/// One field of it.
pub(super) struct Field {
    /// Its name in OTLP/JSON (lowerCamelCase).
    pub name: &'static str,
    /// Its number.
    pub number: u8,
    pub kind: Kind,
    pub repeated: bool,
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Message(&'static Message),
    Text,
    /// Bytes as hexadecimal text: trace and span ids.
    Hex,
    /// Bytes as base64 text.
    Base64,
    Bool,
    /// An integer, or the name of an enum's value.
    Varint,
    /// Eight bytes, unsigned.
    Fixed64,
    Double,
}

const fn one(name: &'static str, number: u8, kind: Kind) -> Field {
    Field { name, number, kind, repeated: false }
}

const fn many(name: &'static str, number: u8, kind: Kind) -> Field {
    Field { name, number, kind, repeated: true }
}

static VALUE: Message = Message {
    fields: &[
        one("stringValue", 1, Kind::Text),
        one("boolValue", 2, Kind::Bool),
        one("intValue", 3, Kind::Varint),
        one("doubleValue", 4, Kind::Double),
        one("arrayValue", 5, Kind::Message(&LIST)),
        one("kvlistValue", 6, Kind::Message(&MAP)),
        one("bytesValue", 7, Kind::Base64),
    ],
};
static LIST: Message = Message { fields: &[many("values", 1, Kind::Message(&VALUE))] };
static MAP: Message = Message { fields: &[many("values", 1, Kind::Message(&ATTRIBUTE))] };
static ATTRIBUTE: Message = Message { fields: &[one("key", 1, Kind::Text), one("value", 2, Kind::Message(&VALUE))] };
static RESOURCE: Message = Message { fields: &[many("attributes", 1, Kind::Message(&ATTRIBUTE))] };
static SCOPE: Message = Message {
    fields: &[
        one("name", 1, Kind::Text),
        one("version", 2, Kind::Text),
        many("attributes", 3, Kind::Message(&ATTRIBUTE)),
    ],
};

/// `ExportTraceServiceRequest`, which is `TracesData`.
pub(super) static TRACES: Message = Message { fields: &[many("resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))] };
static RESOURCE_SPANS: Message = Message {
    fields: &[
        one("resource", 1, Kind::Message(&RESOURCE)),
        many("scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
        one("schemaUrl", 3, Kind::Text),
    ],
};
static SCOPE_SPANS: Message = Message {
    fields: &[
        one("scope", 1, Kind::Message(&SCOPE)),
        many("spans", 2, Kind::Message(&SPAN)),
        one("schemaUrl", 3, Kind::Text),
    ],
};
static SPAN: Message = Message {
    fields: &[
        one("traceId", 1, Kind::Hex),
        one("spanId", 2, Kind::Hex),
        one("traceState", 3, Kind::Text),
        one("parentSpanId", 4, Kind::Hex),
        one("name", 5, Kind::Text),
        one("kind", 6, Kind::Varint),
        one("startTimeUnixNano", 7, Kind::Fixed64),
        one("endTimeUnixNano", 8, Kind::Fixed64),
        many("attributes", 9, Kind::Message(&ATTRIBUTE)),
        one("droppedAttributesCount", 10, Kind::Varint),
        many("events", 11, Kind::Message(&EVENT)),
        one("droppedEventsCount", 12, Kind::Varint),
        many("links", 13, Kind::Message(&LINK)),
        one("droppedLinksCount", 14, Kind::Varint),
        one("status", 15, Kind::Message(&STATUS)),
    ],
};
static EVENT: Message = Message {
    fields: &[
        one("timeUnixNano", 1, Kind::Fixed64),
        one("name", 2, Kind::Text),
        many("attributes", 3, Kind::Message(&ATTRIBUTE)),
        one("droppedAttributesCount", 4, Kind::Varint),
    ],
};
static LINK: Message = Message {
    fields: &[
        one("traceId", 1, Kind::Hex),
        one("spanId", 2, Kind::Hex),
        one("traceState", 3, Kind::Text),
        many("attributes", 4, Kind::Message(&ATTRIBUTE)),
    ],
};
static STATUS: Message = Message { fields: &[one("message", 2, Kind::Text), one("code", 3, Kind::Varint)] };

/// `ExportLogsServiceRequest`, of which only what scores need.
pub(super) static LOGS: Message = Message { fields: &[many("resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))] };
static RESOURCE_LOGS: Message = Message { fields: &[many("scopeLogs", 2, Kind::Message(&SCOPE_LOGS))] };
static SCOPE_LOGS: Message = Message { fields: &[many("logRecords", 2, Kind::Message(&LOG_RECORD))] };
static LOG_RECORD: Message = Message {
    fields: &[
        one("timeUnixNano", 1, Kind::Fixed64),
        many("attributes", 6, Kind::Message(&ATTRIBUTE)),
        one("traceId", 9, Kind::Hex),
        one("spanId", 10, Kind::Hex),
        one("observedTimeUnixNano", 11, Kind::Fixed64),
        one("eventName", 12, Kind::Text),
    ],
};
