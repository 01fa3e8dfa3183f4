//! A receiver of webhooks: keeps what was delivered, answers as told, and verifies signatures by itself (Standard Webhooks), so that the
//! service's signing is checked against a second implementation.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The receiver. It stops when dropped.
pub struct WebhookSink {
    server: MockServer,
}

/// One delivery as it came.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `webhook-id`: the same on every try of one event.
    pub id: String,
    /// `webhook-timestamp`: Unix seconds.
    pub timestamp: i64,
    /// `webhook-signature`: one or more `v1,<base64>` divided by spaces.
    pub signature: String,
    /// The body's exact bytes.
    pub body: Vec<u8>,
}

impl WebhookSink {
    /// Starts on a free loopback port and answers 204.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(204)).with_priority(200).mount(&server).await;
        Self { server }
    }

    /// Where to deliver.
    pub fn url(&self) -> String {
        format!("{}/hook", self.server.uri())
    }

    /// Answers the next `times` deliveries with `status`, then 204 again.
    pub async fn answer(&self, status: u16, times: u64) {
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status))
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    /// Lets the next `times` deliveries wait for so long before it answers 204.
    pub async fn stall(&self, times: u64, delay: Duration) {
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(204).set_delay(delay))
            .up_to_n_times(times)
            .mount(&self.server)
            .await;
    }

    /// Answers the next delivery with a redirect, which a careful sender does not follow.
    pub async fn redirect(&self, to: &str) {
        let answer = ResponseTemplate::new(302).insert_header("location", to);
        Mock::given(method("POST")).respond_with(answer).up_to_n_times(1).mount(&self.server).await;
    }

    /// Everything that was delivered, in order.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        let requests = self.server.received_requests().await.expect("wiremock keeps what it received");
        requests.iter().map(Delivery::of).collect()
    }
}

impl Delivery {
    fn of(request: &Request) -> Self {
        let header = |name: &str| {
            let value = request
                .headers
                .get(name)
                .unwrap_or_else(|| panic!("the delivery has no header {name}: {:?}", request.headers));
            value.to_str().expect("webhook headers are ASCII").to_owned()
        };
        Self {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp").parse().expect("webhook-timestamp is Unix seconds"),
            signature: header("webhook-signature"),
            body: request.body.clone(),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a webhook's body is JSON")
    }

    /// Whether one of the signatures is right for a secret of the form `whsec_<base64>`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret
            .strip_prefix("whsec_")
            .and_then(|key| BASE64_STANDARD.decode(key).ok())
            .expect("a secret is whsec_<base64>");
        let signed = [format!("{}.{}.", self.id, self.timestamp).as_bytes(), &self.body].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        self.signature.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).any(|signature| {
            let tag = BASE64_STANDARD.decode(signature).expect("a signature is base64");
            hmac::verify(&key, &signed, &tag).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::WebhookSink;

    /// The example of the Standard Webhooks specification's reference libraries.
    #[tokio::test]
    async fn deliveries_are_kept_and_verified() {
        let sink = WebhookSink::start().await;
        sink.answer(503, 1).await;
        #[expect(clippy::disallowed_methods, reason = "a test talks to its own loopback sink")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let send = || {
            let request = client
                .post(sink.url())
                .header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
                .header("webhook-timestamp", "1614265330");
            request
                .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
                .body(r#"{"test": 2432232314}"#)
                .send()
        };
        assert_eq!(send().await.unwrap().status(), 503);
        assert_eq!(send().await.unwrap().status(), 204);
        let deliveries = sink.deliveries().await;
        assert_eq!(deliveries.len(), 2);
        assert!(deliveries[0].is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(!deliveries[0].is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"));
        assert_eq!(deliveries[1].json()["test"], 2_432_232_314_u64);
        sink.redirect(&sink.url()).await;
        assert_eq!(send().await.unwrap().status(), 302);
    }
}
