//! One method per call of `ipc`.

use ipc::Fault;

use crate::{Facade, fault};

#[allow(clippy::unused_async)]
impl Facade {
    pub async fn session_view(&self, _call: ipc::SessionGet) -> Result<ipc::SessionView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn session_sign_up(&self, _call: ipc::SignUp) -> Result<ipc::SessionView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn session_sign_in(&self, _call: ipc::SignIn) -> Result<ipc::SessionView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn session_sign_out(&self, _call: ipc::SignOut) -> Result<ipc::SessionView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn secrets_unlock(
        &self,
        _call: ipc::SecretsUnlock,
    ) -> Result<ipc::SessionView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn home_view(&self, _call: ipc::HomeGet) -> Result<ipc::HomePage, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn search(&self, _call: ipc::Search) -> Result<ipc::SearchPage, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn artist_list(
        &self,
        _call: ipc::ArtistList,
    ) -> Result<ipc::Page<domain::Artist>, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn artist_view(&self, _call: ipc::ArtistGet) -> Result<ipc::ArtistPage, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn release_list(
        &self,
        _call: ipc::ReleaseList,
    ) -> Result<ipc::Page<domain::Release>, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn release_view(&self, _call: ipc::ReleaseGet) -> Result<ipc::ReleasePage, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn track_list(
        &self,
        _call: ipc::TrackList,
    ) -> Result<ipc::Page<domain::Track>, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn track_view(&self, _call: ipc::TrackGet) -> Result<domain::Track, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn history_list(
        &self,
        _call: ipc::HistoryList,
    ) -> Result<Vec<ipc::HistoryEntry>, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_view(&self, _call: ipc::PlayerGet) -> Result<ipc::PlayerView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_play(&self, _call: ipc::PlayFrom) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_toggle(&self, _call: ipc::PlayerToggle) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_pause(&self, _call: ipc::PlayerPause) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_resume(&self, _call: ipc::PlayerResume) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_next(&self, _call: ipc::PlayerNext) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_previous(&self, _call: ipc::PlayerPrevious) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_seek(&self, _call: ipc::PlayerSeek) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_set_volume(&self, _call: ipc::SetVolume) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_set_muted(&self, _call: ipc::SetMuted) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_set_shuffle(&self, _call: ipc::SetShuffle) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn player_set_repeat(&self, _call: ipc::SetRepeat) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_view(&self, _call: ipc::QueueGet) -> Result<ipc::QueueView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_add(&self, _call: ipc::QueueAdd) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_play(&self, _call: ipc::QueuePlay) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_remove(&self, _call: ipc::QueueRemove) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_move(&self, _call: ipc::QueueMove) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_clear(&self, _call: ipc::QueueClear) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn queue_undo(&self, _call: ipc::QueueUndo) -> Result<(), Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn settings_view(&self, _call: ipc::SettingsGet) -> Result<ipc::SettingsView, Fault> {
        Err(fault::other("not yet", ""))
    }

    pub async fn settings_update(
        &self,
        _call: ipc::SettingsUpdate,
    ) -> Result<ipc::SettingsView, Fault> {
        Err(fault::other("not yet", ""))
    }
}
