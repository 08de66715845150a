//! What each tier gives, side by side.

use ::ipc::TierOffer;
use domain::plan::{Entitlements, Quality, SkipAllowance, Tier};
use leptos::prelude::*;

use crate::format::thousands;

/// Name of a line, and what a tier says in it.
type Line = (&'static str, fn(&Entitlements) -> String);

const LINES: [Line; 5] = [
    ("Adverts between tracks", |gives| if gives.has_ads { "Yes".into() } else { "None".into() }),
    ("Skips", |gives| gives.skips.map_or_else(|| "As many as you like".into(), skips)),
    ("Best sound", |gives| match gives.top_quality {
        Quality::Standard => "Opus, up to 160 kbit/s".into(),
        Quality::HiFi => "FLAC, as mastered".into(),
    }),
    ("Devices that keep music", |gives| up_to(gives.n_offline_devices)),
    ("Tracks on each of them", |gives| up_to(gives.n_offline_tracks)),
];

/// A table with a column for each tier.
#[component]
pub fn Comparison(
    tiers: Vec<TierOffer>,
    /// The account's own.
    current: Tier,
) -> impl IntoView {
    let heads = tiers
        .iter()
        .map(|offer| {
            let is_current = offer.tier == current;
            view! {
                <th scope="col">
                    {tier_name(offer.tier)}
                    {is_current.then(|| view! { <span class="badge here">"Yours"</span> })}
                </th>
            }
        })
        .collect_view();
    let lines = LINES
        .iter()
        .map(|(name, said)| {
            let cells = tiers
                .iter()
                .map(|offer| view! { <td>{said(&offer.entitlements)}</td> })
                .collect_view();
            view! { <tr><th scope="row">{*name}</th>{cells}</tr> }
        })
        .collect_view();
    view! {
        <table class="comparison">
            <thead>
                <tr>
                    <th scope="col"><span class="unseen">"What you get"</span></th>
                    {heads}
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
}

const fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Free => "Free",
        Tier::Premium => "Premium",
    }
}

fn skips(allowance: SkipAllowance) -> String {
    match allowance.window_minutes {
        60 => format!("{} an hour", allowance.n_skips),
        minutes => format!("{} in {minutes} minutes", allowance.n_skips),
    }
}

fn up_to(n: u32) -> String {
    if n == 0 { "None".into() } else { format!("Up to {}", thousands(u64::from(n))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_say_what_they_give() {
        let said = |tier: Tier| LINES.map(|(_, line)| line(&tier.entitlements()));
        assert_eq!(said(Tier::Free)[1], "6 an hour");
        assert_eq!(said(Tier::Premium)[1], "As many as you like");
        assert_eq!(said(Tier::Premium)[4], "Up to 10,000");
        assert_eq!(said(Tier::Free)[4], "None");
    }
}
