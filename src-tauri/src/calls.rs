//! The interface's calls: each is one line to the facade.

use commands::Facade;
use tauri::{State, Wry, ipc::Invoke};

/// Declares a Tauri command per call of `ipc`, all of one form, and the handler that finds them.
macro_rules! calls {
    ($($name:ident: $call:ident;)*) => {
        $(
            #[tauri::command]
            async fn $name(
                facade: State<'_, Facade>,
                args: ipc::$call,
            ) -> Result<<ipc::$call as ipc::Call>::Reply, ipc::Fault> {
                facade.$name(args).await
            }
        )*

        pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name,)* crate::show::export_show]
        }

        /// The commands by name, with the name their call expects.
        #[cfg(test)]
        const NAMES: &[(&str, &str)] =
            &[$((stringify!($name), <ipc::$call as ipc::Call>::NAME)),*];
    };
}

calls! {
    session_view: SessionGet;
    session_sign_up: SignUp;
    session_sign_in: SignIn;
    session_sign_in_passkey: SignInPasskey;
    sign_in_options: SignInOptionsGet;
    sign_in_browser: SignInBrowser;
    sign_in_browser_cancel: SignInBrowserCancel;
    password_reset: PasswordReset;
    session_step_up: StepUp;
    session_step_up_passkey: StepUpPasskey;
    session_step_up_browser: StepUpBrowser;
    session_sign_out: SignOut;
    secrets_unlock: SecretsUnlock;
    profile_view: ProfileGet;
    profile_update: ProfileUpdate;
    avatar_set: AvatarSet;
    avatar_delete: AvatarDelete;
    email_change: EmailChange;
    email_verify: EmailVerify;
    identity_list: IdentityList;
    identity_link: IdentityLink;
    identity_unlink: IdentityUnlink;
    passkey_list: PasskeyList;
    passkey_add: PasskeyAdd;
    passkey_delete: PasskeyDelete;
    second_factor_view: SecondFactorGet;
    second_factor_start: SecondFactorStart;
    second_factor_confirm: SecondFactorConfirm;
    second_factor_disable: SecondFactorDisable;
    second_factor_passkey_enable: SecondFactorPasskeyEnable;
    second_factor_passkey_disable: SecondFactorPasskeyDisable;
    second_factor_recovery_renew: SecondFactorRecoveryRenew;
    device_list: DeviceList;
    device_revoke: DeviceRevoke;
    device_revoke_others: DeviceRevokeOthers;
    offline_device_list: OfflineDeviceList;
    offline_device_use: OfflineDeviceUse;
    offline_device_release: OfflineDeviceRelease;
    plan_view: PlanGet;
    plan_change: PlanChange;
    role_list: RoleList;
    role_grant: RoleGrant;
    role_revoke: RoleRevoke;
    audit_list: AuditList;
    audit_checkpoint: AuditCheckpointGet;
    audit_verify: AuditVerify;
    audit_restart: AuditRestart;
    privacy_view: PrivacyGet;
    consent_update: ConsentUpdate;
    restriction_update: RestrictionUpdate;
    subject_export: SubjectExport;
    export_view: ExportGet;
    export_save: ExportSave;
    subject_erase: SubjectErase;
    erasure_cancel: ErasureCancel;
    case_list: CaseList;
    case_create: CaseCreate;
    case_view: CaseGet;
    case_update: CaseUpdate;
    case_subject_view: CaseSubjectGet;
    retention_view: RetentionGet;
    home_view: HomeGet;
    search: Search;
    artist_list: ArtistList;
    artist_view: ArtistGet;
    release_list: ReleaseList;
    release_view: ReleaseGet;
    track_list: TrackList;
    track_view: TrackGet;
    history_list: HistoryList;
    player_view: PlayerGet;
    player_play: PlayFrom;
    player_toggle: PlayerToggle;
    player_pause: PlayerPause;
    player_resume: PlayerResume;
    player_next: PlayerNext;
    player_previous: PlayerPrevious;
    player_seek: PlayerSeek;
    player_set_volume: SetVolume;
    player_set_muted: SetMuted;
    player_set_shuffle: SetShuffle;
    player_set_repeat: SetRepeat;
    queue_view: QueueGet;
    queue_add: QueueAdd;
    queue_play: QueuePlay;
    queue_remove: QueueRemove;
    queue_move: QueueMove;
    queue_clear: QueueClear;
    queue_undo: QueueUndo;
    settings_view: SettingsGet;
    settings_update: SettingsUpdate;
    interface_ready: InterfaceReady;
}

#[cfg(test)]
mod tests {
    #[test]
    fn commands_have_the_names_the_interface_calls() {
        for (command, call) in super::NAMES {
            assert_eq!(command, call);
        }
    }
}
