// What an endpoint in JavaScript does with Seatrial's events: verifies them with the specification's published library. The suite passes what was
// delivered, as the receiver got it, and the endpoint's secrets (tests/it/response.rs).
import assert from "node:assert/strict";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { main, setting } from "./browser";

interface Delivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

main(async () => {
  const deliveries = JSON.parse(setting("SEATRIAL_DELIVERIES")) as Delivery[];
  const secrets = JSON.parse(setting("SEATRIAL_SECRETS")) as string[];
  assert.ok(deliveries.length > 0 && secrets.length > 0);
  for (const { headers, body } of deliveries) {
    for (const secret of secrets) {
      const event = new Webhook(secret).verify(body, headers) as { type: string };
      assert.equal(typeof event.type, "string");
      const refused = (changed: string, by: Record<string, string>): void => {
        assert.throws(() => new Webhook(secret).verify(changed, by), WebhookVerificationError);
      };
      refused(body.replace("{", "{ "), headers);
      refused(body, { ...headers, "webhook-id": "msg_other" });
      refused(body, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 3600) });
    }
    const stranger = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    assert.throws(() => new Webhook(stranger).verify(body, headers), WebhookVerificationError);
  }
  console.log(`verified ${deliveries.length} deliveries`);
});
