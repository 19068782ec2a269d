package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// recipe runs a shell with an empty environment in a folder with the documented file of
// variables, where bin/refreshwatch and refreshwatch are a script.
func recipe(t *testing.T, shell, text, program string) (dir, out string, exit int) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skip("there is no " + shell)
	}
	dir = t.TempDir()
	for name, content := range map[string]string{
		"bin/refreshwatch": "#!/bin/sh\n" + program + "\n",
		"refreshwatch":     "#!/bin/sh\n" + program + "\n",
		"refreshwatch.env": readReadme(t, operating).section(t, "Without Function Compute").blocks(t, "sh")[0],
	} {
		file := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(file), 0o700)
		if err == nil {
			err = os.WriteFile(file, []byte(content), 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "-c", text)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH=/usr/local/bin:/usr/bin:/bin"}
	said, _ := cmd.CombinedOutput()
	return dir, string(said), cmd.ProcessState.ExitCode()
}

// Each value of the file of variables reaches the program whole by the crontab's line, in
// any shell, whatever stands in it.
func TestRecipeCron(t *testing.T) {
	section := readReadme(t, operating).section(t, "Without Function Compute")
	line := strings.TrimPrefix(section.blocks(t, "text")[0], "* * * * * ")
	values := regexp.MustCompile(`(?m)^([A-Z_]+)='(.*)'$`).FindAllStringSubmatch(section.blocks(t, "sh")[0], -1)
	if len(values) < 5 || !strings.Contains(section.blocks(t, "sh")[0], "&") {
		t.Fatalf("%d variables were found", len(values))
	}
	for _, shell := range []string{"sh", "bash"} {
		dir, out, exit := recipe(t, shell, line, `echo "$*"; env`)
		log, err := os.ReadFile(filepath.Join(dir, "refreshwatch.log"))
		if err != nil || exit != 0 || out != "" {
			t.Fatalf("%s: exit code %d, %s, %v", shell, exit, out, err)
		}
		for _, v := range values {
			if !strings.Contains("\n"+string(log), "\n"+v[1]+"="+v[2]+"\n") {
				t.Errorf("%s: %s did not arrive:\n%s", shell, v[1], log)
			}
		}
		args, _, _ := strings.Cut(string(log), "\n")
		c, _ := findCommand(strings.Fields(args)[0])
		if _, err := parse(c, strings.Fields(args)[1:]); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// The nightly gate is green when nothing has failed, and red when something has or the
// list is not complete.
func TestRecipeGate(t *testing.T) {
	blocks := readReadme(t, operating).section(t, "In a pipeline").blocks(t, "sh")
	gate := blocks[len(blocks)-1]
	for _, c := range []struct {
		program string
		exit    int
	}{
		{"true", 0},
		{"exit 1", 1},
		{`echo '{"status":"Failed","task_id":"1","object_path":"https://x/a","description":"Origin Timeout"}'`, 1},
		{`echo '{"status":"Failed","task_id":"1","object_path":"https://x/a","description":""}'; exit 1`, 1},
	} {
		_, out, exit := recipe(t, "bash", gate, c.program)
		if strings.Contains(out, "jq: command not found") {
			continue
		}
		if exit != c.exit {
			t.Errorf("%s: exit code %d, want %d\n%s", c.program, exit, c.exit, out)
		}
		if _, err := exec.LookPath("jq"); err == nil && strings.Contains(c.program, "Timeout") && out != "Failed 1 https://x/a Origin Timeout\n" {
			t.Errorf("%s: shows %q", c.program, out)
		}
	}
}

// Every example in YAML can be read, and what its containers and steps run is a command
// line of this program.
func TestRecipesInYAML(t *testing.T) {
	calls := 0
	called := func(args []string) {
		calls++
		c, ok := findCommand(args[0])
		if !ok {
			t.Errorf("%q is no command", args[0])
			return
		}
		if _, err := parse(c, args[1:]); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	type container struct{ Args []string }
	type pod struct {
		Spec struct{ Containers []container }
	}
	for _, title := range []string{"Without Function Compute", "In a pipeline"} {
		for _, block := range readReadme(t, operating).section(t, title).blocks(t, "yaml") {
			for _, m := range regexp.MustCompile(`refreshwatch (wait [^|\n]*)`).FindAllStringSubmatch(block, -1) {
				called(strings.Fields(m[1]))
			}
			for document := range strings.SplitSeq(block, "\n---\n") {
				var manifest struct {
					Spec struct {
						Template    pod
						JobTemplate struct{ Spec struct{ Template pod } } `yaml:"jobTemplate"`
					}
				}
				if err := yaml.Unmarshal([]byte(document), &manifest); err != nil {
					t.Errorf("%s: %v\n%s", title, err, document)
				}
				for _, c := range append(manifest.Spec.Template.Spec.Containers, manifest.Spec.JobTemplate.Spec.Template.Spec.Containers...) {
					called(c.Args)
				}
			}
		}
	}
	if calls != 4 {
		t.Errorf("%d command lines were found", calls)
	}
}
