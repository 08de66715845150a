//! The account: who one is to the server.

use ::ipc::{Fault, FaultKind, PasskeyList, Profile, ProfileGet, ProfileUpdate, Visibility};
use leptos::{ev, prelude::*, task::spawn_local};

use super::roles::role_name;
use crate::{
    ipc::invoke,
    overlay::Overlays,
    parts::{
        form::{FormFault, SelectField, TextField, said},
        segments::Segments,
    },
    remote::{ask, show},
    route::Router,
    state::state,
};

mod choices;
mod email;
mod passkeys;
mod picture;
mod second_factor;
mod ways;

use choices::{countries, languages};
use email::EmailSection;
use picture::Picture;
use second_factor::SecondFactorSettings;
use ways::WaysToSignIn;

/// As the server has it.
const NAME_CHARS_MAX: usize = 80;

/// Profile, address, ways to sign in, and sign-out.
#[component]
pub fn AccountSettings() -> impl IntoView {
    let source = ask(|| ProfileGet {});
    // Two sections are about them.
    let passkeys = ask(|| PasskeyList {}).settled();
    view! {
        {show(source, skeleton, |profile| {
            let (email, is_verified) = (profile.email.clone(), profile.is_email_verified);
            view! {
                <ProfileForm profile=profile/>
                <EmailSection email=email is_verified=is_verified/>
            }
            .into_any()
        })}
        <WaysToSignIn passkeys=passkeys/>
        <SecondFactorSettings passkeys=passkeys/>
        <SignedIn/>
    }
}

fn skeleton() -> AnyView {
    let field = || {
        view! {
            <div class="field">
                <div class="bone line short"></div>
                <div class="bone field-bone"></div>
            </div>
        }
    };
    view! {
        <section class="settings-group skeleton" aria-hidden="true">
            <h2>"Profile"</h2>
            <div class="form">{[(); 4].map(|()| field()).collect_view()}</div>
        </section>
    }
    .into_any()
}

#[component]
fn ProfileForm(profile: Profile) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let draft = Draft::of(&profile);
    let saved = RwSignal::new(profile);
    let is_busy = RwSignal::new(false);
    let [name_trouble, birth_date_trouble] = [(); 2].map(|()| RwSignal::new(None::<String>));
    let fault = RwSignal::new(None::<Fault>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        fault.set(None);
        let trouble = draft.name.with_untracked(|name| trouble_with_name(name));
        name_trouble.set(trouble.map(str::to_owned));
        // One message at a time, since each brings the focus to its field.
        let of_date = draft.birth_date.with_untracked(|date| trouble_with_birth_date(date));
        birth_date_trouble.set(of_date.filter(|_| trouble.is_none()).map(str::to_owned));
        if trouble.or(of_date).is_some() {
            return;
        }
        let Some(update) = saved.with_untracked(|saved| draft.update_to(saved)) else {
            overlays.say("Nothing was changed");
            return;
        };
        is_busy.set(true);
        // The name was looked at, and the rest is chosen: what the server cannot take is the date.
        let has_date = update.birth_date.is_some();
        spawn_local(async move {
            match invoke(update).await {
                Ok(profile) => {
                    overlays.say("Profile saved");
                    saved.try_set(profile);
                }
                Err(why) if has_date && why.kind == FaultKind::Invalid => {
                    birth_date_trouble.try_set(Some(said(&why)));
                }
                Err(why) => {
                    fault.try_set(Some(why));
                }
            }
            is_busy.try_set(false);
        });
    };
    let languages = languages(saved.with_untracked(|profile| profile.language.clone()).as_deref());
    view! {
        <section class="settings-group" aria-labelledby="settings-profile">
            <h2 id="settings-profile">"Profile"</h2>
            <Picture/>
            <form class="form" novalidate on:submit=submit>
                <TextField
                    label="Display name"
                    name="display_name"
                    value=draft.name
                    trouble=name_trouble
                    autocomplete="nickname"
                />
                <TextField
                    label="Birth date"
                    name="birth_date"
                    value=draft.birth_date
                    trouble=birth_date_trouble
                    autocomplete="bday"
                    hint="Year, month and day, such as 1990-02-28. Only to tell whether you are of age, for what is not for minors; nobody else sees it, and you may leave it empty."
                />
                <SelectField
                    label="Country"
                    name="country"
                    options=countries()
                    value=draft.country
                    autocomplete="country"
                />
                <SelectField
                    label="Language"
                    name="language"
                    options=languages
                    value=draft.language
                    autocomplete="language"
                />
                <div class="field">
                    <span>"Who can see your profile"</span>
                    <Segments
                        label="Who can see your profile"
                        name="visibility"
                        options=vec![
                            (Visibility::Private, "Only you"),
                            (Visibility::Members, "Everyone here"),
                        ]
                        value=draft.visibility
                        on_change=Callback::new(move |value| draft.visibility.set(value))
                    />
                </div>
                <FormFault fault=fault/>
                <div class="form-actions">
                    <button
                        type="submit"
                        class="button primary"
                        aria-busy=move || is_busy.get().to_string()
                    >
                        {move || if is_busy.get() { "One moment…" } else { "Save profile" }}
                    </button>
                </div>
            </form>
        </section>
    }
}

/// Who is signed in, with the roles that a listener does not have, and the way out.
#[component]
fn SignedIn() -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let account = Memo::new(move |_| {
        state.session.with(|session| session.as_ref().and_then(|session| session.account.clone()))
    });
    let roles = move || {
        let roles = account.get().map(|account| account.roles).unwrap_or_default();
        roles
            .into_iter()
            .map(|role| view! { <span class="badge">{role_name(role)}</span> })
            .collect_view()
    };
    view! {
        <section class="settings-group" aria-labelledby="settings-session">
            <h2 id="settings-session">"Signed in"</h2>
            <div class="setting">
                <div>
                    <p class="setting-name">{move || account.get().map(|a| a.display_name)}</p>
                    <p class="muted">
                        {move || state.session.with(|s| s.as_ref().and_then(|s| s.server_url.clone()))}
                    </p>
                </div>
                <button class="button" on:click=move |_| state.sign_out(router)>"Sign out"</button>
            </div>
            <div class="setting">
                <p class="setting-name">"Your roles"</p>
                <div class="badges">{roles}</div>
            </div>
        </section>
    }
}

/// What stands in the form.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    birth_date: RwSignal<String>,
    country: RwSignal<String>,
    language: RwSignal<String>,
    visibility: RwSignal<Visibility>,
}

impl Draft {
    fn of(profile: &Profile) -> Self {
        Self {
            name: RwSignal::new(profile.display_name.clone()),
            birth_date: RwSignal::new(profile.birth_date.clone().unwrap_or_default()),
            country: RwSignal::new(profile.country.clone().unwrap_or_default()),
            language: RwSignal::new(profile.language.clone().unwrap_or_default()),
            visibility: RwSignal::new(profile.visibility),
        }
    }

    /// What differs from what is saved, if anything does.
    fn update_to(self, saved: &Profile) -> Option<ProfileUpdate> {
        let text = |signal: RwSignal<String>, saved: &str| {
            let now = signal.get_untracked().trim().to_owned();
            (now != saved).then_some(now)
        };
        let visibility = self.visibility.get_untracked();
        let update = ProfileUpdate {
            display_name: text(self.name, &saved.display_name),
            country: text(self.country, saved.country.as_deref().unwrap_or_default()),
            language: text(self.language, saved.language.as_deref().unwrap_or_default()),
            visibility: (visibility != saved.visibility).then_some(visibility),
            birth_date: text(self.birth_date, saved.birth_date.as_deref().unwrap_or_default()),
        };
        let nothing = ProfileUpdate {
            display_name: None,
            country: None,
            language: None,
            visibility: None,
            birth_date: None,
        };
        (update != nothing).then_some(update)
    }
}

fn trouble_with_name(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("Enter the name others will see.")
    } else if name.trim().chars().count() > NAME_CHARS_MAX {
        Some("Use at most 80 characters.")
    } else if name.trim().chars().any(char::is_control) {
        Some("Use one line, without control characters.")
    } else {
        None
    }
}

/// It is typed: fields for dates of webviews show today where nothing is filled in, and say nothing
/// of a date that is not whole.
fn trouble_with_birth_date(date: &str) -> Option<&'static str> {
    let is_date = |date: &str| {
        let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else { return false };
        let is_number = |text: &str, n_digits: usize| {
            text.len() == n_digits && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        is_number(year, 4) && is_number(month, 2) && is_number(day, 2)
    };
    let date = date.trim();
    let is_good = date.is_empty() || is_date(date);
    (!is_good).then_some("Enter it as year, month and day, such as 1990-02-28.")
}

#[cfg(test)]
mod tests {
    use super::trouble_with_birth_date;

    #[test]
    fn a_birth_date_is_a_date_or_nothing() {
        for good in ["", " ", "1990-02-28"] {
            assert_eq!(trouble_with_birth_date(good), None, "{good}");
        }
        for bad in ["28.2.1990", "1990-2-28", "1990-02", "1990-02-28-01", "soon"] {
            assert!(trouble_with_birth_date(bad).is_some(), "{bad}");
        }
    }
}
