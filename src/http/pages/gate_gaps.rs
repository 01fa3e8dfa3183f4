//! What is missing from a gate's evidence, with who has taken it on since, and giving it to somebody in place.

use std::collections::BTreeMap;

use seatrial_domain::access::Permission;
use seatrial_domain::evidence::EvidenceBundle;
use seatrial_domain::gap::{Gap, GapState};
use seatrial_domain::gate::GateState;
use seatrial_domain::limits;
use seatrial_store::Page;
use seatrial_store::gap::{GapFilter, GapRow};
use seatrial_store::gate::GateRow;

use super::context::Frame;
use super::gap::owner_options;
use crate::http::present::gate as present;
use crate::http::problem::Problem;
use crate::render::view::gate::GateGap;
use crate::render::view::{Link, SelectOption};

/// The gaps of what the gate rests on, and who one can be given to.
pub(super) async fn gaps(
    frame: &Frame,
    gate: &GateRow,
    bundle: &EvidenceBundle,
) -> Result<(Vec<GateGap>, Vec<SelectOption>), Problem> {
    let filter = GapFilter {
        workflow: Some(gate.workflow),
        release: Some(gate.release),
        state: Some(GapState::Open),
        owners: None,
    };
    let page = Page::new(None, Some(limits::PAGE_SIZE_MAX));
    let (kept, _) = frame.app().gaps(frame.caller(), frame.slug(), &filter, page).await?;
    let holders = kept.iter().filter_map(|row| row.owner).collect();
    let names = frame.app().owner_names(frame.caller(), frame.slug(), holders).await?;
    let kept: BTreeMap<&str, &GapRow> = kept.iter().map(|row| (row.key.as_str(), row)).collect();
    let may_give = frame.may(Permission::ManageResponses) && gate.state != GateState::Decided;
    let of = |(gap, shown): (&Gap, _)| {
        let row = kept.get(gap.key().as_str());
        let then = gap.owner.as_ref().map(|owner| owner.id);
        let taken = row.and_then(|row| row.owner).filter(|id| then != Some(*id));
        let free = row.filter(|_| may_give && !gap.kind.cannot_be_owned());
        GateGap {
            gap: shown,
            link: row.map(|row| Link::new(frame.href(&format!("/gaps/{}", row.id)), "What to do")),
            taken: taken.and_then(|id| names.get(&id)).map(|owner| owner.name.clone()),
            give: free.map(|row| frame.href(&format!("/gaps/{}/owner", row.id))),
        }
    };
    let gaps: Vec<GateGap> = bundle.gaps.iter().zip(present::gaps(&bundle.gaps)).map(of).collect();
    let asked = gaps.iter().any(|gap| gap.give.is_some());
    let owners = if asked { owner_options(frame, None).await? } else { Vec::new() };
    Ok((gaps, owners))
}
