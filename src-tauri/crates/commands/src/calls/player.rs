//! Playing.

use ipc::{Fault, PlayerView};
use player_core::Input;

use crate::{Facade, fault};

impl Facade {
    pub async fn player_view(&self, _call: ipc::PlayerGet) -> Result<PlayerView, Fault> {
        self.inner.player.view().await
    }

    pub async fn player_play(&self, call: ipc::PlayFrom) -> Result<(), Fault> {
        if let ipc::Selection::Library { query } = call.selection {
            return self.play_library(call.context, query, call.start, call.is_shuffled).await;
        }
        let selected = self.inner.catalog.select(call.selection, call.start).await?;
        let input = Input::PlayFrom {
            context: call.context,
            tracks: selected.ids,
            start: selected.start,
            is_shuffled: call.is_shuffled,
        };
        self.inner.player.give(input).await
    }

    pub async fn player_toggle(&self, _call: ipc::PlayerToggle) -> Result<(), Fault> {
        self.inner.player.give(Input::Toggle).await
    }

    pub async fn player_pause(&self, _call: ipc::PlayerPause) -> Result<(), Fault> {
        self.inner.player.give(Input::Pause).await
    }

    pub async fn player_resume(&self, _call: ipc::PlayerResume) -> Result<(), Fault> {
        self.inner.player.give(Input::Resume).await
    }

    pub async fn player_next(&self, _call: ipc::PlayerNext) -> Result<(), Fault> {
        self.inner.player.give(Input::Next).await
    }

    pub async fn player_previous(&self, _call: ipc::PlayerPrevious) -> Result<(), Fault> {
        self.inner.player.give(Input::Previous).await
    }

    pub async fn player_seek(&self, call: ipc::PlayerSeek) -> Result<(), Fault> {
        let duration_ms = self.inner.player.view().await?.duration_ms;
        let end_ms = if duration_ms == 0 { u64::MAX } else { duration_ms };
        self.inner.player.give(Input::Seek { position_ms: call.position_ms.min(end_ms) }).await
    }

    pub async fn player_set_volume(&self, call: ipc::SetVolume) -> Result<(), Fault> {
        if !call.volume.is_finite() {
            return Err(fault::invalid("The volume is a number between 0 and 1.", ""));
        }
        self.inner.player.set_volume(call.volume.clamp(0.0, 1.0)).await
    }

    pub async fn player_set_muted(&self, call: ipc::SetMuted) -> Result<(), Fault> {
        self.inner.player.set_muted(call.is_muted).await
    }

    pub async fn player_set_shuffle(&self, call: ipc::SetShuffle) -> Result<(), Fault> {
        self.inner.player.give(Input::SetShuffle { is_shuffled: call.is_shuffled }).await
    }

    pub async fn player_set_repeat(&self, call: ipc::SetRepeat) -> Result<(), Fault> {
        self.inner.player.give(Input::SetRepeat { repeat: call.repeat }).await
    }
}
