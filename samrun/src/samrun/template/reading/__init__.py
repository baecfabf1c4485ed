"""Reading of a template: its file, and the steps that make a plain CloudFormation template of it.

`source` reads the file, by `yaml_text`, and checks the values of its parameters, `includes` puts other files in their
place, `language_extensions` expands its loops, and `translation` translates it with SAM's own translator.
`nested_stacks` opens the templates of nested stacks too, and `joined_stacks` joins the applications of all.
`error_places` says where an error is.
"""
