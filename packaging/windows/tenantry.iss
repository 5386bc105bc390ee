; Inno Setup 6. Not tried yet: see README.md beside it.
#define Version GetStringFileInfo("..\..\dist\tenantry\tenantry.exe", "ProductVersion")
#if Version == ""
  #define Version GetEnv("TENANTRY_VERSION")
#endif

[Setup]
AppId={{6B1A5C0E-52F6-4E0B-9C56-7B0E6D7A3F10}
AppName=Tenantry
AppVersion={#Version}
DefaultDirName={autopf}\Tenantry
DefaultGroupName=Tenantry
PrivilegesRequired=lowest
OutputDir=..\..\dist
OutputBaseFilename=tenantry-{#Version}-setup
UninstallDisplayIcon={app}\tenantry.exe
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
DisableProgramGroupPage=yes
LicenseFile=..\..\LICENSE

[Files]
Source: "..\..\dist\tenantry\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\Tenantry"; Filename: "{app}\tenantry.exe"

[Registry]
Root: HKCU; Subkey: "Software\Classes\tenantry"; ValueType: string; ValueData: "URL:Tenantry"; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\tenantry"; ValueType: string; ValueName: "URL Protocol"; ValueData: ""
Root: HKCU; Subkey: "Software\Classes\tenantry\shell\open\command"; ValueType: string; ValueData: """{app}\tenantry.exe"" ""%1"""
Root: HKCU; Subkey: "Software\Classes\Applications\tenantry.exe\shell\open\command"; ValueType: string; ValueData: """{app}\tenantry.exe"" ""%1"""; Flags: uninsdeletekey
Root: HKCU; Subkey: "Software\Classes\Applications\tenantry.exe\SupportedTypes"; ValueType: string; ValueName: ".ts"; ValueData: ""

[Run]
Filename: "{app}\tenantry.exe"; Description: "Start Tenantry"; Flags: postinstall nowait skipifsilent
