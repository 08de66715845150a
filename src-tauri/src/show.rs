//! Showing a file of the listener's where it lies.

use commands::Facade;
use ipc::{Fault, FaultKind};
use tauri::{State, async_runtime};
use tracing::warn;

/// Opens the folder of the export that was saved last. The interface names no path: whatever runs
/// in the webview can show this file and no other.
#[tauri::command]
pub async fn export_show(facade: State<'_, Facade>, args: ipc::ExportShow) -> Result<(), Fault> {
    let ipc::ExportShow {} = args;
    let path = facade.saved_export()?;
    let shown = async_runtime::spawn_blocking(move || {
        tauri_plugin_opener::reveal_item_in_dir(path).map_err(|error| error.to_string())
    });
    match shown.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(not_shown(&error)),
        Err(error) => Err(not_shown(&error.to_string())),
    }
}

fn not_shown(error: &str) -> Fault {
    warn!(error, "the folder of a file was not opened");
    Fault {
        kind: FaultKind::Other,
        message: "The folder cannot be opened from here.".into(),
        hint: "Find the file under the path that is shown.".into(),
        request_id: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_has_the_name_the_interface_calls() {
        assert_eq!(stringify!(export_show), <ipc::ExportShow as ipc::Call>::NAME);
    }
}
