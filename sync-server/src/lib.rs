//! The backend's only executable: reads config, picks engines, wires services.
